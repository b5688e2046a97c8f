#!/usr/bin/env python3
"""Lets bench time ranks, and looks at what it tells.   bench.py PROGRAM DATA"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time

from ranks import (ENVIRONMENT, LAUNCHER, check, mpirun, mpirun_of_two, problems, ranks_of, run,
                   skip_without_mpi, weights)

def bench_on_ranks(bench, weights):
    plans = "-j 1,2 -b 50 -r 2 --read-once --loaders 1 --timeline -q --export-json".split()
    with tempfile.TemporaryDirectory() as folder:
        export, page = os.path.join(folder, "bench.json"), os.path.join(folder, "bench.html")
        done = run(mpirun(2, [*bench, *plans, export, "--report", page]))
        check(done.returncode == 0 and "ranks/rows on 2 ranks of 2 workers" in done.stdout, "ranks are timed", done)
        check(done.stdout.count("batch size 50\nplan") == 1, "only rank 0 prints", done.stdout)
        check("worker 4" in done.stdout, "the workers of all ranks are drawn", done.stdout)
        check(os.path.getsize(page) > 1000, "a page is written")
        rows = json.load(open(export))["results"]
    told = [(row["plan"], row["ranks"], row["workers"]) for row in rows]
    each = [(f"ranks/{split}", 2, workers) for split in ["outputs", "rows"] for workers in [1, 2]]
    check(told == [("sequential", 1, 1), *each], "every split is timed with each number of workers", told)
    for row in rows:
        check(row["same_bits"] and row["weights"] == weights, "the weights are those of one process", row)
        check(len(row["seconds"]) == 2 and min(row["seconds"]) > 0, "each round has a time", row)
        of_all = row["efficiency"] is None or abs(row["efficiency"] * row["ranks"] * row["workers"] / row["speedup"] - 1) < 1e-6
        check(of_all, "the efficiency is that of all workers", row)


def is_refused(first, second, words):
    done = run(mpirun_of_two(first, second))
    check(done.returncode != 0 and words in done.stderr, f"{words} is told", done)


def is_stopped(bench, after, name, stop):
    """Stops a bench of very many rounds once it has said so much."""
    command = mpirun(2, [*bench, "-j", "1", "-r", "10000", "--timeline"])
    process = subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=ENVIRONMENT)
    check(any(after in line for line in process.stderr), f"{name}: the bench says {after}")
    began = time.monotonic()
    stop(process)
    try:
        out, _ = process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        check(False, f"{name} ends a bench on all ranks")
        process.kill()
        return
    check(time.monotonic() - began < 10, f"{name} ends a bench within 10 s")
    tells = process.returncode != 0 or LAUNCHER[0] == "mpiexec.mpich"
    check(tells, f"{name}: exit code is not 0", process)
    if "round" in after:
        check("ranks/rows" in out, f"{name}: what was measured is printed", out)


def interrupt(process):
    process.send_signal(signal.SIGINT)


def terminate_another(process):
    os.kill(ranks_of(process)[1], signal.SIGTERM)


def main():
    program, data = sys.argv[1:]
    skip_without_mpi(program)
    options = ["-d", data, "--limit", "400", "--hidden", "32"]
    bench = [program, "bench", *options]
    alone = run([program, *options, "-b", "50", "--epochs", "1", "--format", "json", "-q"])
    bench_on_ranks(bench, weights(alone))
    alone = run([*bench, "-j", "2", "-r", "1", "-q"])
    check(alone.returncode == 0 and "data/factored" in alone.stdout, "one process times strategies", alone)
    is_refused([*bench, "-r", "2"], [*bench, "-r", "3"], "the command line of rank 1 is")
    is_refused([*bench, "--baseline", program], [*bench, "--baseline", program], "found 2 ranks")
    is_stopped(bench, "3 cases", "Ctrl-C at once", interrupt)
    is_stopped(bench, "round 3", "Ctrl-C", interrupt)
    is_stopped(bench, "round 3", "SIGTERM to rank 1", terminate_another)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
