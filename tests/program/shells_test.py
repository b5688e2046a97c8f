"""Completes command lines in real shells, with the files that the build has written:
shells_test.py bash|zsh|fish FOLDER. Exits with 77 where there is no such shell."""
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

# A line up to the cursor, and what must come of it.
COMPLETIONS = [
    ("tensor_relu_parallel --optim", "--optimizer"),
    ("tensor_relu_parallel train --early-st", "--early-stopping"),
    ("tensor_relu_parallel --optimizer adamw --strat", "--strategy"),
    ("tensor_relu_parallel --strategy pipe", "pipeline"),
    ("tensor_relu_parallel pred", "predict"),
    ("tensor_relu_parallel help sel", "selftest"),
    ("tensor_relu_parallel eval --class-n", "--class-names"),
    ("tensor_relu_parallel eval --format js", "json"),
    ("tensor_relu_parallel predict --prob", "--probabilities"),
    ("tensor_relu_parallel bench --merge fac", "factored"),
    ("tensor_relu_parallel convert --label-c", "--label-column"),
    ("tensor_relu_parallel lab false", "false-sharing"),
    ("tensor_relu_parallel eval a_mod", "a_model.npz"),
    ("tensor_relu_parallel --save a_mod", "a_model.npz"),
    ("tensor_relu_parallel --data a_fol", "a_folder"),
]
NOT_OFFERED = [("tensor_relu_parallel predict --optim", "--optimizer"), ("tensor_relu_parallel --epochs a_mod", "a_model.npz")]

SETUP = {
    "bash": "PS1='> '; source {0}/bash",
    "zsh": "PS1='> '; fpath=({1} $fpath); autoload -Uz compinit; compinit -u -D",
}


def ask_fish(folder, line):
    words = subprocess.run(["fish", "--no-config", "-c", f"source {folder}/fish; complete -C '{line}'"],
                           capture_output=True, text=True, check=True)
    assert not words.stderr, words.stderr
    return words.stdout


class Terminal:
    """An interactive shell behind a pseudo-terminal."""

    def __init__(self, command):
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, {**os.environ, "TERM": "dumb", "INPUTRC": "/dev/null"})

    def type(self, text, wait_for, seconds=10):
        """Returns what the shell writes until a text comes, or for so many seconds."""
        os.write(self.descriptor, text.encode())
        seen, deadline = "", time.monotonic() + seconds
        while wait_for not in seen and time.monotonic() < deadline:
            if select.select([self.descriptor], [], [], 0.05)[0]:
                seen += os.read(self.descriptor, 65536).decode(errors="replace")
        return seen

    def close(self):
        os.close(self.descriptor)
        os.waitpid(self.pid, 0)


def ask_terminal(terminal, line, answer, seconds=10):
    seen = terminal.type(line + "\t", answer, seconds)
    terminal.type("\x15echo do''ne\n", "done")
    # What was typed comes back in pieces.
    return re.sub(r"\s*\r|\a|\b", "", seen)


def main():
    shell, folder = sys.argv[1:]
    if shutil.which(shell) is None:
        print(f"skipped: there is no {shell}")
        return 77
    with tempfile.TemporaryDirectory() as work:
        os.makedirs(os.path.join(work, "a_folder"))
        os.makedirs(os.path.join(work, ".functions"))
        shutil.copy(os.path.join(folder, "zsh"), os.path.join(work, ".functions", "_tensor_relu_parallel"))
        open(os.path.join(work, "a_model.npz"), "w").close()
        os.chdir(work)
        if shell == "fish":
            ask = lambda line, answer, seconds=10: ask_fish(folder, line)
        else:
            terminal = Terminal({"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}[shell])
            terminal.type(SETUP[shell].format(folder, os.path.join(work, ".functions")) + "; echo rea''dy\n", "ready")
            ask = lambda line, answer, seconds=10: ask_terminal(terminal, line, answer, seconds)
        failed = 0
        for line, answer in COMPLETIONS:
            seen = ask(line, answer)
            if answer not in seen:
                failed += 1
                print(f"{line}<TAB>: expected {answer}, found {seen!r}")
        for line, answer in NOT_OFFERED:
            if answer in ask(line, answer, 1):
                failed += 1
                print(f"{line}<TAB>: {answer} is offered")
        if shell != "fish":
            terminal.type("exit\n", "exit", 1)
            terminal.close()
        return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
