#!/usr/bin/env python3
"""Lets ranks fail, hang, be stopped and differ, and looks at what is told and saved.
failures.py PROGRAM DATA [--kills N]     more kills, stops and interrupts at random moments"""

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

from ranks import (ENVIRONMENT, LAUNCHER, check, mpirun, mpirun_of_two, problems, ranks_of, run,
                   skip_without_mpi, weights)

LONGEST_END = 10  # seconds until all ranks have ended
ALLOWANCE = 3  # beyond it, for a busy machine
EPOCHS = 3000


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def start(program, options, ranks, state, epochs=EPOCHS):
    command = [program, *options, "-j", "1", "--checkpoint", state, "--epochs", str(epochs),
               "--save-every", "5", "--force", "-q"]
    return subprocess.Popen(mpirun(ranks, command), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, env=ENVIRONMENT)


def steps_in(program, state):
    """How many epochs a checkpoint has, which must be whole; None if there is none yet."""
    if not os.path.exists(state) or os.path.getsize(state) == 0:
        return None
    told = run([program, "info", state])
    check(told.returncode == 0 and "digest agrees" in told.stdout, "a checkpoint is whole", told)
    return int(re.search(r"epochs +(\d+) finished", told.stdout).group(1))


def end_one(program, options, folder, action, ranks, seconds):
    """Does something to a training at some moment; returns what mpirun said."""
    state = os.path.join(folder, "state")
    for name in os.listdir(folder):
        os.remove(os.path.join(folder, name))
    process = start(program, options, ranks, state)
    while steps_in(program, state) is None and process.poll() is None:
        time.sleep(0.05)
    time.sleep(seconds)
    victim = random.randrange(ranks)
    began = time.monotonic()
    pids = ranks_of(process)
    action(process, pids[victim])
    try:
        _, errors = process.communicate(timeout=LONGEST_END + ALLOWANCE)
    except subprocess.TimeoutExpired:
        check(False, f"{action.__name__} ends all ranks within {LONGEST_END} s")
        process.kill()
        return
    for pid in pids.values():
        if is_running(pid):  # one that was stopped takes its time to be gone
            time.sleep(1)
            check(not is_running(pid), f"{action.__name__} leaves no rank behind")
    taken = time.monotonic() - began
    check(process.returncode != 0 or passes_by(action), f"{action.__name__}: exit code is not 0")
    names_victim = re.search(rf"rank {victim}\b", errors) or action is interrupt or passes_by(action)
    check(names_victim, f"{action.__name__}: the message names rank {victim}", errors)
    check(steps_in(program, state) is not None, f"{action.__name__}: a checkpoint is there")
    resumed_and_whole(program, options, state, action.__name__)
    return taken


def passes_by(action):
    """Whether it is the launcher that tells of it, and MPICH's tells no rank and no exit code."""
    return LAUNCHER == ["mpiexec.mpich"] and action in [kill, interrupt]


def resumed_and_whole(program, options, state, name):
    """The checkpoint goes on, on other ranks, to the bits of one process that was never stopped."""
    epochs = steps_in(program, state) + 2
    end = ["--epochs", str(epochs), "--format", "json", "-q"]
    resumed = run(mpirun(random.choice([1, 2, 3]), [program, *options, *end, "-j", "1", "--resume", state]))
    whole = run([program, *options, *end])
    same = resumed.returncode == 0 and weights(resumed) == weights(whole)
    check(same, f"{name}: what is resumed has the bits of one process", resumed.stderr)


def kill(process, pid):
    os.kill(pid, signal.SIGKILL)


def stop(process, pid):
    os.kill(pid, signal.SIGSTOP)


def interrupt(process, pid):
    process.send_signal(signal.SIGINT)


def check_differences(program, options):
    def told(own, other):
        one, two = [program, *options, "--epochs", "1", *own], [program, *options, "--epochs", "1", *other]
        done = run(mpirun_of_two(one, two))
        check(done.returncode != 0, f"ranks with {own} and {other} are refused", done)
        return done.stderr

    text = told([], ["--seed", "2"])
    check("the recipe of rank 1 is" in text, "another recipe is named", text)
    text = told([], ["--limit", "50"])
    check("of rank 1 is" in text, "other data are named", text)
    text = told([], ["-d", "/nowhere"])
    check("rank 1 on" in text and "/nowhere" in text, "data that only rank 1 lacks are named", text)
    for refused in (["--strategy", "pipeline"], ["--compare"]):
        text = told(refused, refused)
        check(text.count(f"{' '.join(refused)}: expected") == 1, f"{refused} is refused once", text)
    for own in (["--time"], ["--read-once"], ["--init", "m.npz"], ["--resume", "state"], ["--repeat", "2"]):
        text = told(own, [])
        check("the command line of rank 1 is" in text, f"{own} of one rank is named", text)
    with tempfile.TemporaryDirectory() as folder:  # only rank 0 looks at files that are written
        same = ["-o", os.path.join(folder, "m.npz"), "--trace", os.path.join(folder, "m.npz")]
        check("m.npz" in told(same, same), "what only rank 0 finds ends all")
    each = [program, *options, "--epochs", "1", "--format", "json", "-q"]
    for split in "outputs", "rows":
        one, two = ([*each, "--ranks-split", split, "-j", workers] for workers in "12")
        for done in run(mpirun_of_two(one, two)), run(mpirun_of_two(two, one)):
            check(done.returncode == 0 and weights(done) == weights(run(each)), f"other workers, {split}", done)
    text = run([program, *options, "--epochs", "1"], SLURM_CPUS_PER_TASK="1").stderr
    check(re.search(r"workers +1 worker", text), "srun bounds the workers", text)
    with tempfile.TemporaryDirectory() as folder:
        model = os.path.join(folder, "first.npz")
        run([*each, "-o", model])
        goes_on = [*each, "--init", model]
        alone = weights(run(goes_on))
        done = run(mpirun_of_two(goes_on, [*each, "--init", "/nowhere.npz"]))
        check(done.returncode == 0 and weights(done) == alone, "rank 0 alone reads --init", done)
    elsewhere = [program, "-d", "/nowhere", *each[3:], "--read-once"]
    done = run(mpirun_of_two([*each, "--read-once"], elsewhere))
    check(done.returncode == 0 and weights(done) == weights(run(each)), "--read-once needs the data once", done)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("data")
    parser.add_argument("--kills", type=int, default=3)
    arguments = parser.parse_args()
    skip_without_mpi(arguments.program)
    options = ["-d", arguments.data, "--lr-schedule", "constant"]
    check_differences(arguments.program, options)
    random.seed(1)
    slowest = 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(arguments.kills):
            action = [kill, stop, interrupt][number % 3]
            ranks = random.choice([2, 3])
            taken = end_one(arguments.program, options, folder, action, ranks, random.random() * 2)
            slowest = max(slowest, taken or 0)
    print(f"{arguments.kills} ends at random moments, the slowest in {slowest:.1f} s; {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
