"""What the tests of ranks have in common."""

import json
import os
import re
import shutil
import subprocess
import sys

SKIPPED = 77
LAUNCHER = ["mpirun", "--oversubscribe"]
problems = []
# As containers do it; nothing is run but the program under test.
ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")


def skip_without_mpi(program):
    # A program that knows no ranks refuses to be one of two.
    launched = dict(os.environ, OMPI_COMM_WORLD_SIZE="2", OMPI_COMM_WORLD_RANK="0")
    linked = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    if "libmpich" in linked:
        LAUNCHER[:] = ["mpiexec.mpich"]
    if not shutil.which(LAUNCHER[0]):
        print(f"skipped: there is no {LAUNCHER[0]}")
        sys.exit(SKIPPED)
    if "libmpi" not in linked:
        refused = subprocess.run([program, "--version"], capture_output=True, text=True, env=launched)
        if refused.returncode != 1 or "without MPI" not in refused.stderr:
            print(f"expected a program without MPI to refuse ranks, found {refused}")
            sys.exit(1)
        print("skipped: this program is built without MPI (-DTRP_MPI=ON)")
        sys.exit(SKIPPED)


def mpirun(ranks, command):
    return [*LAUNCHER, "-n", str(ranks), *command]


def mpirun_of_two(first, second):
    """Two ranks with a command each."""
    return [*LAUNCHER, "-n", "1", *first, ":", "-n", "1", *second]


def check(holds, what, found=""):
    if not holds:
        problems.append(what)
        print(f"FAILED: {what}\n{found}", flush=True)


def run(command, seconds=120, **environment):
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds,
                          env=dict(ENVIRONMENT, **environment))


def weights(done):
    return json.loads(done.stdout)["summary"]["weights"]


def children_of(pid):
    children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
    return [*map(int, children), *(below for child in children for below in children_of(child))]


def ranks_of(launcher):
    """The process numbers of the ranks, by rank."""
    found = {}
    for pid in children_of(launcher.pid):
        try:
            with open(f"/proc/{pid}/environ") as environment:
                rank = re.search(r"\b(?:OMPI_COMM_WORLD|PMI)_RANK=(\d+)", environment.read())
        except OSError:
            continue
        if rank:
            found[int(rank.group(1))] = pid
    return found
