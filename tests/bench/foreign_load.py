"""`coil echo` and its peers under a load generator that is not this project's: redis-benchmark.

A request of Redis is an array of strings, and so is a valid answer: an echo server answers every
request with itself. Server and load share one core, where the kernel's accounting of a process is
exact; the figures span all of a run, the opening and closing of its connections included. The
rounds take the servers in shuffled order.
"""
import argparse
import csv
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import time

import environment
import servers

CASES = {  # name: connections, bytes of a request, requests in flight per connection, requests
    "1x64": (1, 64, 1, 40_000),
    "50x64": (50, 64, 1, 80_000),
    "1000x64": (1000, 64, 1, 100_000),
    "50x16K": (50, 16 * 1024, 1, 30_000),
    "50x64p16": (50, 64, 16, 1_000_000),
}
BASE = "bare liburing"
ALL_ROUNDS_S = 80  # No round begins that would end later.
RUN_MAX_S = 60


def request_argument(size):
    """Gives the argument of ECHO that makes the whole request `size` bytes long."""
    def request(count):
        return f"*2\r\n$4\r\nECHO\r\n${count}\r\n{'x' * count}\r\n"

    for count in range(size):
        if len(request(count)) == size:
            return "x" * count
    raise ValueError(f"no request has {size} bytes")


def find_servers(build):
    """Gives the command of each server by its name; says which were not built."""
    benchmarks = build / "tests" / "bench"
    found = {
        BASE: [benchmarks / "bench_bare_liburing_echo"],
        "bare epoll": [benchmarks / "bench_bare_epoll_echo"],
    }
    for reactor in ("io_uring", "epoll"):
        for style in ("coroutine", "protocol"):
            found[f"coil {reactor} {style}"] = [
                build / "samples" / "coil", "--reactor", reactor, "echo",
                "--listen", "tcp:0:interface=127.0.0.1", "--style", style]
    found["asio coroutines"] = [benchmarks / "bench_asio_echo"]
    found["libuv"] = [benchmarks / "bench_libuv_echo"]
    for name in [name for name, command in found.items() if not command[0].exists()]:
        print(f"left out: {name} ({found.pop(name)[0].name} was not built)")
    if BASE not in found:
        sys.exit(f"{build} does not hold the benchmarks")
    return found


def cpu_ns(pid):
    """What all threads of a process have spent on a processor, kernel included."""
    return sum(int((task / "schedstat").read_text().split()[0])
               for task in pathlib.Path(f"/proc/{pid}/task").iterdir())


def settled_cpu_ns(pid):
    """As cpu_ns(), once the server has nothing left to do."""
    spent = cpu_ns(pid)
    while True:
        time.sleep(0.01)
        before, spent = spent, cpu_ns(pid)
        if spent == before:
            return spent


def measure(command, case, core):
    """Gives (ns of the server's CPU per request, requests per second)."""
    connections, size, in_flight, requests = CASES[case]
    with servers.running(command, {core}, servers.BATCH) as (server, port):
        load = ["redis-benchmark", "-p", port, "-c", connections, "-n", requests, "-P", in_flight,
                "--csv", "ECHO", request_argument(size)]
        before = settled_cpu_ns(server.pid)
        done = subprocess.run([str(part) for part in load], capture_output=True, text=True,
                              preexec_fn=servers.pinned({core}, servers.BATCH), timeout=RUN_MAX_S)
        if done.returncode != 0:
            sys.exit(f"redis-benchmark failed on {command[0].name}: {done.stderr or done.stdout}")
        spent = settled_cpu_ns(server.pid) - before
    row = list(csv.DictReader(done.stdout.splitlines()))[-1]
    return spent / requests, float(row["rps"])


def collect(found, cases, rounds):
    """Gives figures[case][name] = the list of one figure pair per round."""
    core = max(os.sched_getaffinity(0))
    figures = {case: {name: [] for name in found} for case in cases}
    start = time.monotonic()
    for number in range(1, rounds + 1):
        for case in cases:
            for name in random.sample(list(found), len(found)):
                figures[case][name].append(measure(found[name], case, core))
        print(f"round {number} of {rounds}", file=sys.stderr)
        if (time.monotonic() - start) * (number + 1) / number > ALL_ROUNDS_S:
            break
    return figures


def table(title, names, cases, cell):
    width = max(map(len, names)) + 2
    print(f"\n{title}\n{'':{width}}" + "".join(f"{case:>12}" for case in cases))
    for name in names:
        print(f"{name:{width}}" + "".join(f"{cell(name, case):>12}" for case in cases))


def report(figures, names, cases):
    def ratio(name, case):
        pairs = zip(figures[case][name], figures[case][BASE])
        return f"{statistics.median(mine[0] / theirs[0] for mine, theirs in pairs):.2f}"

    def cheapest(name, case):
        return f"{min(figure[0] for figure in figures[case][name]) / 1000:.3f}"

    def rate(name, case):
        return f"{statistics.median(figure[1] for figure in figures[case][name]) / 1000:.0f}"

    rounds = len(figures[cases[0]][BASE])
    table(f"redis-benchmark: server CPU time per request x {BASE} (median of {rounds})", names,
          cases, ratio)
    table("The same in microseconds (cheapest round)", names, cases, cheapest)
    table("Thousands of requests per second, load on the same core (median)", names, cases, rate)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="the build folder")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--servers", default="", help="only names that contain one of these words")
    options = parser.parse_args()
    cases = options.cases.split(",")
    unknown = [case for case in cases if case not in CASES]
    if unknown:
        parser.error(f"no such case: {unknown[0]}; there are {', '.join(CASES)}")
    if shutil.which("redis-benchmark") is None:
        sys.exit("redis-benchmark is not installed: it is in Debian's redis-tools")
    environment.enter_own_network(sys.argv)
    environment.raise_descriptor_limit()
    environment.describe()
    found = find_servers(options.build)
    words = [word for word in options.servers.split(",") if word]
    if words:
        found = {name: command for name, command in found.items()
                 if name == BASE or any(word in name for word in words)}
    report(collect(found, cases, options.rounds), found, cases)


if __name__ == "__main__":
    main()
