#!/usr/bin/env python3
"""Trains by every pair of ways to share out a training among ranks, and compares the digest of the
weights with that of one process.   same_bits.py PROGRAM DATA [--first N]"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile

from ranks import ENVIRONMENT, mpirun, skip_without_mpi

WAYS = {
    "ranks": [2, 3, 4, 8, 1],
    "workers": [1, 2],
    "split": ["outputs", "rows"],
    "batch": [64, 7, 100, 1000, 1],
    "loaders": [0, 2],
    "network": ["128,64", "256,256,256", "40", ""],
    "optimizer": [
        "--momentum 0",
        "--nesterov --clip-norm 0.3",
        "--optimizer adam --average-weights 0.9",
        "--optimizer adamw --weight-decay 0.01 --clip-norm 0.5",
    ],
    "inputs": ["", "--normalize center --dropout 0.2", "--normalize standard", "--augment shift,noise"],
    "resume_on": [0, 1, 2, 3],  # ranks; 0: trained without a stop
}
SECONDS = 120


def pairwise(ways):
    """Rows of which every two columns have every pair of values, by the greedy algorithm."""
    names = list(ways)
    missing = {
        (a, x, b, y)
        for a, b in itertools.combinations(range(len(names)), 2)
        for x in range(len(ways[names[a]]))
        for y in range(len(ways[names[b]]))
    }
    rows = []
    while missing:
        a, x, b, y = min(missing)
        row = {a: x, b: y}
        for column in range(len(names)):
            if column in row:
                continue
            def gain(value):
                return sum(
                    ((c, row[c], column, value) if c < column else (column, value, c, row[c])) in missing
                    for c in row
                )
            row[column] = max(range(len(ways[names[column]])), key=gain)
        missing -= {(c, row[c], d, row[d]) for c, d in itertools.combinations(sorted(row), 2)}
        rows.append({names[c]: ways[names[c]][row[c]] for c in range(len(names))})
    return rows


def bytes_of_step(way, ranks, samples):
    """What all ranks together send in a step, by the formulas of src/cluster/README.md; in numbers of 4
    bytes, of which a cache line has 16."""
    sizes = [784, *(int(width) for width in way["network"].split(",") if width), 10]
    lines = lambda width: (width + 15) // 16 * 16
    wide = max([l for l in range(2, len(sizes)) if sizes[l - 1] * sizes[l] >= 2**16], default=1)
    if way["split"] == "outputs":
        there_and_back = sum(lines(width) for width in sizes[1 : wide + 1]) + sum(lines(w) for w in sizes[2:wide])
        return (ranks - 1) * samples * 4 * there_and_back
    numbers = sum((rows + 1) * lines(cols) for rows, cols in zip(sizes, sizes[1:]))
    return (ranks - 1) * (2 * 4 * numbers + 16 * samples)


def trained(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, env=ENVIRONMENT)
    if done.returncode != 0:
        raise RuntimeError(f"exit {done.returncode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout)["summary"]


def samples_of(way):
    return 150 if way["batch"] == 1 else 700


def options_of(way, data):
    inputs = way["inputs"] if way["network"] else way["inputs"].replace("--dropout 0.2", "")
    return (
        f"-d {data} --limit {samples_of(way)} -b {way['batch']} --lr-schedule constant --lr 0.01 --format json -q "
        f"--hidden {way['network'] or 'none'} {way['optimizer']} {inputs}"
    ).split()


def on_ranks(program, ranks, way):
    plan = f"-j {way['workers']} --ranks-split {way['split']} --loaders {way['loaders']}"
    return mpirun(ranks, [program, *plan.split()])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("data")
    parser.add_argument("--first", type=int, default=None, help="only the first N ways")
    arguments = parser.parse_args()
    skip_without_mpi(arguments.program)
    ways = pairwise(WAYS)
    failed = 0
    for way in ways[: arguments.first]:
        options = options_of(way, arguments.data)
        with tempfile.TemporaryDirectory() as folder:
            state = os.path.join(folder, "state")
            try:
                expected = trained([arguments.program, *options, "--epochs", "2"])["weights"]
                ranks = way["resume_on"] or way["ranks"]
                command = on_ranks(arguments.program, way["ranks"], way)
                if way["resume_on"]:
                    trained([*command, *options, "--epochs", "1", "--checkpoint", state])
                    command = on_ranks(arguments.program, way["resume_on"], way) + ["--resume", state]
                summary = trained([*command, *options, "--epochs", "2"])
                found = summary["weights"]
                steps = -(-samples_of(way) // way["batch"])
                sent, formula = summary["ranks_bytes_per_step"], bytes_of_step(way, ranks, samples_of(way) / steps)
                if ranks > 1 and "clip" not in way["optimizer"] and abs(sent - formula) > 1:
                    found += f", {sent} bytes a step where the formula says {formula}"
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                found, expected = str(error), "a digest"
        if found != expected:
            failed += 1
            print(f"{way}: expected {expected}, found {found}")
    count = len(ways[: arguments.first])
    print(f"{count - failed} of {count} trainings on ranks (of {len(ways)} that cover all pairs) have the bits of one process")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
