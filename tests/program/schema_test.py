"""Everything that the program writes for machines must be as src/report/schema.json says, whose fields
src/report/README.md must explain: schema_test.py PROGRAM SAMPLE_FOLDER SCHEMA README.
Exits with 77 where there is no jsonschema."""
import csv
import io
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    from jsonschema import Draft202012Validator
except ImportError:
    print("skipped: this Python has no jsonschema of 4.0 or newer (python3-jsonschema)")
    sys.exit(77)

program, sample, schema_file, readme = sys.argv[1:]
schema = json.loads(Path(schema_file).read_text())
Draft202012Validator.check_schema(schema)
seen = set()


def run(arguments, codes=(0,)):
    result = subprocess.run([program, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert result.returncode in codes, f"{arguments}: {result.returncode}\n{result.stderr}"
    return result.stdout


def name_of(document):
    """The definition that a document must meet."""
    if "event" in document:
        return document["event"]
    return "prediction" if "sample" in document else "trainings" if "runs" in document else "training"


def no_constant(word):
    raise ValueError(f"{word} is no JSON")


def check(text, arguments):
    """Checks a document, and that it is in the language of the whole schema, too."""
    document = json.loads(text, parse_constant=no_constant)
    name = name_of(document)
    assert {"$ref": f"#/$defs/{name}"} in schema["oneOf"], f"{arguments}: no definition of {name}"
    errors = list(Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]}).iter_errors(document))
    for error in errors:
        where = "/".join(map(str, error.absolute_path))
        raise AssertionError(f"{' '.join(arguments)}: {name}: {where}: {error.message[:500]}")
    seen.add(name)
    return document


def check_json(arguments, codes=(0,)):
    return check(run(arguments, codes), arguments)


def check_lines(arguments, codes=(0,)):
    return [check(line, arguments) for line in run(arguments, codes).splitlines()]


def fields_of(name):
    """All names of fields that a definition allows, objects in it with a dot."""
    definition, fields = schema["$defs"][name], set()
    for part in [definition, *(schema["$defs"][r["$ref"].split("/")[-1]] for r in definition.get("allOf", []))]:
        for field, kind in part.get("properties", {}).items():
            fields.add(field)
            kinds = [kind, *kind.get("anyOf", [])]
            for one in kinds:
                inner = fields_of_object(one)
                fields |= {f"{field}.{name}" for name in inner}
    return fields


def fields_of_object(kind):
    if "$ref" in kind:
        return fields_of(kind["$ref"].split("/")[-1])
    return set(kind.get("properties", {}))


def check_csv(arguments, name, others="", rows=None):
    """Columns are fields of the definition; those that are not match a pattern."""
    table = list(csv.reader(io.StringIO(run(arguments))))
    assert rows is None or len(table) == rows + 1, f"{arguments}: {len(table)} lines"
    assert len({len(row) for row in table}) == 1, f"{arguments}: rows of different lengths"
    unknown = [c for c in table[0] if c not in fields_of(name) and not (others and re.fullmatch(others, c))]
    assert not unknown, f"{' '.join(arguments)}: columns {unknown} are not fields of {name}"


def check_documented():
    """Every field and every event stands in the README in backticks."""
    words = set(re.findall(r"[\w.]+", " ".join(re.findall(r"`([^`]+)`", Path(readme).read_text()))))
    fields = set()

    def collect(part):
        if isinstance(part, dict):
            fields.update(part.get("properties", {}))
            for key, value in part.items():
                if key != "properties" or isinstance(value, dict):
                    collect(value)
        elif isinstance(part, list):
            for value in part:
                collect(value)

    for name, definition in schema["$defs"].items():
        if name not in ("recipe", "plan"):  # which are named as options are
            collect(definition)
    missing = sorted(fields - words)
    assert not missing, f"{readme} says nothing of {missing}"


def check_that_it_can_fail():
    for change in (lambda d: d.update(surprise=1), lambda d: d.pop("weights"), lambda d: d.update(test_accuracy=2)):
        document = json.loads(run(["--data", sample, "--epochs", "1", "--format", "json", "-q"]))
        change(document["summary"])
        try:
            check(json.dumps(document), ["a changed document"])
        except AssertionError:
            continue
        raise AssertionError("the schema allows what nobody writes")


folder = tempfile.TemporaryDirectory()
model, checkpoint = f"{folder.name}/model.npz", f"{folder.name}/run.ckpt"
train = ["--data", sample, "--epochs", "2", "-q", "-j", "2"]
images, labels = f"{sample}/t10k-images-idx3-ubyte.gz", f"{sample}/t10k-labels-idx1-ubyte.gz"
names = f"{folder.name}/names.txt"
Path(names).write_text("".join(f"class, {i}\n" for i in range(10)))
validated = ["--val-split", "0.2", "--early-stopping", "1", "--checkpoint", checkpoint, "-o", model]

check_that_it_can_fail()
check_json([*train, "--format", "json", "--compare", "--time", *validated])
for strategy in ("sequential", "data", "tensor", "pipeline", "auto"):
    check_lines([*train, "--format", "jsonl", "--log-interval", "5", "--compare", "--time", "--strategy", strategy])
check_lines([*train, "--format", "jsonl", "--lr", "1e30"], codes=(3,))
check_json([*train, "--format", "json", "--lr", "1e30"], codes=(3,))
check_json([*train, "--format", "json", "--repeat", "2", "--optimizer", "adamw", "--dropout", "0.1"])
check_lines([*train, "--format", "jsonl", "--repeat", "2", "--val-split", "0.1"])
check_lines(["tune", "--data", sample, "--trials", "3", "--epochs", "1", "-q", "--format", "jsonl"])
for options in ([], ["--errors", "2"], ["--class-names", names]):
    check_json(["eval", model, "--data", sample, "-q", "--format", "json", *options])
    check_csv(["eval", model, "--data", sample, "-q", "--format", "csv", *options], "evaluation", rows=1)
for options in ([], ["--top", "3"], ["--probabilities"], ["--class-names", names, "--top", "2", "--probabilities"]):
    predict = ["predict", model, images, *options, "-b", "300"]
    lines = check_lines([*predict, "--format", "jsonl"])
    assert check_json([*predict, "--format", "json"])["predictions"] == lines
    check_csv([*predict, "--format", "csv"], "prediction", others=r"p\d+", rows=len(lines))
for file in (model, checkpoint, images, labels):
    check_json(["info", file, "--format", "json"])
    check_csv(["info", file, "--format", "csv"], "info", others=r"metadata\.\w+", rows=1)
exported = f"{folder.name}/bench.json"
bench = ["bench", "--data", sample, "-j", "2", "-q", "--strategy", "data,tensor"]
check_json([*bench, "-r", "1", "--export-json", "-"])
run([*bench, "-r", "8", "--export-json", exported])
check_json([*bench, "-r", "8", "--baseline", program, "--beside", exported, "--export-json", "-"])
check_csv([*bench, "-r", "1", "--baseline", program, "--export-csv", "-"], "case", rows=3)
check_lines(["lab", "all", "--quick", "--data", sample, "--format", "jsonl"])
check_json(["selftest", "--format", "json"])
check_json(["--version", "--format", "json"])
check_csv(["--version", "--format", "csv"], "version", rows=1)
check_csv([*train, "--format", "csv"], "epoch", rows=2)
check_csv([*train, "--format", "csv", "--repeat", "2"], "run", rows=2)
never = {r["$ref"].split("/")[-1] for r in schema["oneOf"]} - seen
assert not never, f"nothing has written {sorted(never)}"
check_documented()
print(f"{len(seen)} kinds of documents and lines are as the schema says")
