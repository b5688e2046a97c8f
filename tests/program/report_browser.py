"""Opens pages of --report in Chromium: PROGRAM DATA [AXE]. Exits with 77 where there is no Chromium.

With scripts and without: no message in the console, no request leaves the page, the charts have the
numbers of the JSON. AXE is axe-core's axe.min.js, by which contrast and alternative texts are checked.
"""

import html
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

PROGRAM, DATA = sys.argv[1:3]
AXE = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 and sys.argv[3] else None
CHROMIUM = shutil.which("chromium")
if not CHROMIUM:
    print("skipped: there is no chromium")
    sys.exit(77)
DARK = ["--blink-settings=preferredColorScheme=0"]
folder = pathlib.Path(tempfile.mkdtemp())
failures = []


def check(holds, what):
    if not holds:
        failures.append(what)


def run(*arguments):
    command = [PROGRAM, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def open_page(path, *flags):
    """Returns what the browser prints, what the page's console says, and what the page asked for."""
    net_log = folder / "net.json"
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
               "--disable-background-networking", "--disable-component-update",
               "--enable-logging=stderr", f"--user-data-dir={folder / 'profile'}",
               f"--log-net-log={net_log}", "--virtual-time-budget=20000", *flags, f"file://{path}"]
    result = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    console = [line for line in result.stderr.splitlines() if ":CONSOLE" in line]
    asked = re.findall(r'"initiator":"(?:null|file://)".*"url":"(?!file:|data:)([^"]*)"',
                       net_log.read_text(errors="replace"))
    return result.stdout, console, asked


def screenshot(path, *flags):
    image = folder / "page.png"
    _, console, _ = open_page(path, f"--screenshot={image}", "--window-size=1400,6000", *flags)
    return image.read_bytes(), console


def table_cells(dom):
    return {html.unescape(cell) for cell in re.findall(r"<t[dh][^>]*>([^<]*)</t[dh]>", dom)}


def check_page(name, path, numbers, texts=()):
    dom, console, asked = open_page(path, "--dump-dom")
    check(not console, f"{name}: the console says {console}")
    check(not asked, f"{name}: asks for {asked}")
    check('class="tip"' in dom, f"{name}: the script does not run")
    cells = table_cells(dom)
    numbers = [number for number in numbers if number == 0 or abs(number) > 1e-9]
    missing = [f"{n:.6g}" for n in numbers if f"{n:.6g}" not in cells]
    check(numbers and not missing, f"{name}: has not the numbers {missing[:5]}")
    for text in texts:
        check(html.escape(text, quote=False) in dom, f"{name}: does not say {text}")
    with_scripts, _ = screenshot(path)
    without, console = screenshot(path, "--blink-settings=scriptEnabled=false")
    check(not console, f"{name}, without scripts: the console says {console}")
    check(without == with_scripts, f"{name}: looks otherwise without scripts")
    check(screenshot(path, *DARK)[0] != with_scripts, f"{name}: is not dark where that is wanted")
    for mode in ([], DARK):
        if AXE:
            violations = axe_violations(path, mode)
            check(not violations, f"{name} {mode}: axe-core finds {violations}")
    print(f"{name}: {path.stat().st_size // 1000} kB, {len(numbers)} numbers, "
          f"{dom.count('<figure>')} figures")
    check(path.stat().st_size < 400_000, f"{name}: is larger than 400 kB")


def axe_violations(path, flags=()):
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", path.read_text())
    script = ("axe.run().then(r => document.body.dataset.axe = JSON.stringify(r.violations.map("
              "v => [v.id, v.help, v.nodes.length, v.nodes[0].html.slice(0, 200)])))")
    copy = folder / "axe.html"
    end = f"<script>{AXE.read_text()}</script><script>{script}</script></body>"
    copy.write_text(text.replace("</body>", end))
    found = re.search(r'data-axe="([^"]*)"', open_page(copy, "--dump-dom", *flags)[0])
    return json.loads(html.unescape(found.group(1))) if found else "nothing: it has not run"


def check_checks():
    """A page that asks for something, and one that cannot be read, must be noticed."""
    page = folder / "bad.html"
    page.write_text('<body><img src="http://127.0.0.1:9/asks.png"><p style="color: #eee">pale</p></body>')
    check(open_page(page, "--dump-dom")[2] == ["http://127.0.0.1:9/asks.png"],
          "requests are not noticed")
    if AXE:
        found = {violation[0] for violation in axe_violations(page)}
        check({"color-contrast", "image-alt"} <= found, f"axe-core notices only {found}")


def train():
    page, model = folder / "train.html", folder / "model.safetensors"
    document = json.loads(run("--data", DATA, "--epochs", 3, "--val-split", 0.1, "--compare", "-q",
                              "--format", "json", "-o", model, "--report", page))
    numbers = []
    for epoch in document["epochs"]:
        numbers += [epoch["train_loss"], 100 * epoch["train_accuracy"], epoch["val_loss"],
                    100 * epoch["val_accuracy"], epoch["lr"]]
    numbers += [document["comparison"]["sequential_seconds"],
                document["comparison"]["parallel_seconds"]]
    check_page("train", page, numbers, [document["summary"]["weights"]])
    return model


def other_trainings():
    """A pipeline, whose page has its bubble, auto, whose page has its plans, one that diverged."""
    page = folder / "pipeline.html"
    document = json.loads(run("--data", DATA, "--epochs", 1, "--strategy", "pipeline", "-j", 2, "-q",
                              "--format", "json", "--report", page))
    bubbles = [100 * document["summary"][f"bubble_{one}"] for one in ("measured", "predicted")]
    check_page("pipeline", page, bubbles, ["The bubble: how long"])
    page = folder / "auto.html"
    document = json.loads(run("--data", DATA, "--epochs", 2, "-j", 2, "-q", "--format", "json",
                              "--report", page))
    plans = document["summary"]["plans"]
    steps = sum(plan["steps"] for plan in plans)
    shares = [100 * plan["steps"] / steps for plan in plans if plan["steps"] >= 0.01 * steps]
    check_page("auto", page, shares, ["What auto made the steps by"])
    page = folder / "diverged.html"
    subprocess.run([PROGRAM, "--data", DATA, "--lr", "1e30", "-q", "--report", page],
                   capture_output=True)
    check_page("diverged", page, [0], ["diverged in epoch 1"])


def tune():
    page = folder / "tune.html"
    lines = run("tune", "--data", DATA, "--limit", 1000, "--trials", 9, "--epochs", 3, "--hidden", 16,
                "-q", "--format", "jsonl", "--report", page).splitlines()
    best = json.loads(lines[-1])
    errors = [100 * (1 - one["val_accuracy"]) for one in map(json.loads, lines[1:-1])
              if one["trial"] == best["trial"]]
    check_page("tune", page, errors, [best["weights"], best["command"]])


def evaluate(model):
    page, names = folder / "eval.html", folder / "names"
    names.write_text("".join(f"<b>{n}</b>&amp;\n" for n in range(10)))
    document = json.loads(run("eval", model, "--data", DATA, "--format", "json", "-q",
                              "--class-names", names, "--report", page))
    numbers = [count for row in document["confusion"] for count in row]
    numbers += [100 * one["recall"] for one in document["classes"]]
    check_page("eval", page, numbers, [document["weights"], "0 <b>0</b>&amp;"])


def bench():
    page, exported = folder / "bench.html", folder / "bench.json"
    run("bench", "--data", DATA, "-j", "1,2", "--strategy", "data,tensor", "-b", "64,256", "-r", 3,
        "-q", "--report", page, "--export-json", exported)
    document = json.loads(exported.read_text())
    numbers = []
    for row in document["results"]:
        numbers.append(row["median_seconds"])
        numbers += [100 * share for share in row["budget"].values()]
        if row["plan"] != "sequential":
            numbers += [row["speedup"], 100 * row["efficiency"]]
    check_page("bench", page, numbers, document["verdict"])


def lab():
    page = folder / "lab.html"
    lines = run("lab", "memory", "tiny", "pipeline", "false-sharing", "--quick", "--data", DATA,
                "--format", "jsonl", "--report", page).splitlines()
    experiments = [json.loads(line) for line in lines[1:]]
    sections = [f'In the guide: {one["title"].split(": ")[0]}' for one in experiments]
    numbers = [row[2]["median"] for one in experiments for row in one["rows"]]
    check_page("lab", page, numbers, [one["verdict"] for one in experiments] + sections)


try:
    check_checks()
    evaluate(train())
    other_trainings()
    bench()
    lab()
    tune()
finally:
    shutil.rmtree(folder, ignore_errors=True)
if not AXE:
    print("axe-core is not there, so contrast and alternative texts are not checked")
print("\n".join(failures) or "all pages are right")
sys.exit(1 if failures else 0)
