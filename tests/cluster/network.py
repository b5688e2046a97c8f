#!/usr/bin/env python3
"""Trains on ranks in network namespaces whose links have a limited rate, and cuts links. Needs root and
Linux's ip and tc; cleans up.   network.py [--rates 100mbit,1gbit] [--cuts N] PROGRAM [OPTIONS of training]"""

import argparse
import contextlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time

from ranks import ENVIRONMENT, skip_without_mpi

NET = "10.213.77"
LONGEST_END = 10
ALLOWANCE = 3


def sh(command, check=True):
    return subprocess.run(command, shell=True, check=check, capture_output=True, text=True)


@contextlib.contextmanager
def namespaces(ranks):
    """A bridge with a namespace for each rank; yields their addresses."""
    sh("ip link add trpbr type bridge")
    try:
        sh(f"ip addr add {NET}.1/24 dev trpbr && ip link set trpbr up")
        for rank in range(ranks):
            name, host = f"trp{rank}", f"{NET}.{rank + 10}"
            sh(f"ip netns add {name} && ip link add {name}v type veth peer name {name}e netns {name} && "
               f"ip link set {name}v master trpbr up && ip -n {name} addr add {host}/24 dev {name}e && "
               f"ip -n {name} link set {name}e up && ip -n {name} link set lo up")
        yield [f"{NET}.{rank + 10}" for rank in range(ranks)]
    finally:
        for rank in range(ranks):
            sh(f"ip netns pids trp{rank} | xargs -r kill -9; ip link del trp{rank}v; ip netns del trp{rank}", check=False)
        sh("ip link del trpbr", check=False)


def limit(ranks, rate):
    for rank in range(ranks):
        shape = f"root tbf rate {rate} burst 64kb latency 100ms"
        sh(f"tc qdisc replace dev trp{rank}v {shape} && ip netns exec trp{rank} tc qdisc replace dev trp{rank}e {shape}")


def mpirun(folder, hosts, command):
    """Starts ranks in the namespaces: what would be ssh elsewhere is a script here."""
    agent = os.path.join(folder, "agent")
    with open(agent, "w") as script:
        # Each machine has a name and temporary files of its own.
        script.write(f"""#!/bin/sh
rank=$(( ${{1##*.}} - 10 )); shift
mkdir -p {folder}/$rank
export TMPDIR={folder}/$rank
exec ip netns exec trp$rank unshare --uts sh -c "hostname trp$rank; $*"
""")
    os.chmod(agent, 0o755)
    network = f"{NET}.0/24"
    return ["mpirun", "--mca", "plm_rsh_agent", agent, "--mca", "btl", "tcp,self", "--mca", "pml", "ob1",
            "--mca", "btl_tcp_if_include", network, "--mca", "oob_tcp_if_include", network, "--bind-to", "none",
            "--mca", "mpi_yield_when_idle", "1",
            "-H", ",".join(f"{host}:1" for host in hosts), "-n", str(len(hosts)), *command]


def train(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=ENVIRONMENT)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-3000:])
    return json.loads(done.stdout)["summary"]


def table(program, rates, batches, options):
    print("| rate | ranks | batch | split | kB a step and rank | ms a step | of them bytes / rate | samples/s |")
    print("|---|--:|--:|---|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder, namespaces(4) as hosts:
        for rate in rates:
            limit(4, rate)
            bits = float(re.match(r"\d+", rate)[0]) * (1e9 if "g" in rate else 1e6)
            for ranks in (2, 4):
                for batch in batches:
                    for split in ("outputs", "rows"):
                        run = [program, *options, "-j", "1", "-b", str(batch), "--ranks-split", split, "--format",
                               "json", "-q"]
                        summary = train(mpirun(folder, hosts[:ranks], run))
                        speed = summary["samples_per_second"]
                        sent = summary["ranks_bytes_per_step"] / ranks
                        print(f"| {rate} | {ranks} | {batch} | {split} | {sent / 1e3:.1f} | {1e3 * batch / speed:.2f} | "
                              f"{1e3 * sent * 8 / bits:.2f} | {speed:,.0f} |", flush=True)


def cut(program, options, folder, hosts):
    """Takes down the link of one rank at some moment; returns how long it took until all have ended."""
    state = os.path.join(folder, "state")
    command = mpirun(folder, hosts, [program, *options, "-j", "1", "--checkpoint", state, "--epochs", "100000",
                                     "--lr-schedule", "constant", "--save-every", "5", "--force", "-q"])
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    while not (os.path.exists(state) and os.path.getsize(state)) and process.poll() is None:
        time.sleep(0.05)
    time.sleep(random.random() * 2)
    victim = random.randrange(len(hosts))
    ours = lambda: sh(f"pgrep -f '^{program}'", check=False).stdout.split()
    began = time.monotonic()
    sh(f"ip link set trp{victim}v down")
    while ours() and time.monotonic() - began < LONGEST_END + ALLOWANCE:
        time.sleep(0.1)
    taken = time.monotonic() - began
    process.kill()
    for rank in range(len(hosts)):  # daemons that have lost mpirun keep its streams open
        sh(f"ip netns pids trp{rank} | xargs -r kill -9", check=False)
    errors = process.communicate()[1]
    sh(f"ip link set trp{victim}v up")
    told = sh(f"{program} info {state}", check=False)
    good = (taken < LONGEST_END + ALLOWANCE and "digest agrees" in told.stdout and
            f"has been silent" in errors)
    print(f"link of rank {victim} of {len(hosts)} down: all ended after {taken:.1f} s"
          f"{'' if good else ' FAILED ' + errors[-2000:] + told.stdout}", flush=True)
    return good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--rates", default="1gbit,100mbit")
    parser.add_argument("--batches", default="64,256,1024")
    parser.add_argument("--cuts", type=int, default=0)
    parser.add_argument("options", nargs=argparse.REMAINDER, help="of training")
    arguments = parser.parse_args()
    skip_without_mpi(arguments.program)
    if os.geteuid() != 0:
        print("skipped: only root can make network namespaces")
        return 77
    program = os.path.abspath(arguments.program)
    if arguments.rates:
        table(program, arguments.rates.split(","), [int(batch) for batch in arguments.batches.split(",")], arguments.options)
    failed = 0
    for _ in range(arguments.cuts):
        with tempfile.TemporaryDirectory() as folder, namespaces(3) as hosts:
            failed += not cut(program, arguments.options, folder, hosts)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
