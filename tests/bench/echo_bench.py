"""Echo servers side by side: coil on two reactors in two styles, bare loops, Asio, libuv.

Two figures per server and case, both as ratios to the bare liburing loop of the same round:
  cost        the server's CPU time per message, with server and load on one core, where the
              kernel's accounting is exact: the cheapest slice of a round counts
  throughput  messages per second, with server and load each on a core of its own
Rounds take the servers in shuffled order; what is printed is the median over the rounds.
"""
import argparse
import contextlib
import os
import pathlib
import random
import statistics
import subprocess
import sys

import environment

CASES = {  # name: connections, bytes, messages in flight per connection
    "1x64": (1, 64, 1),
    "50x64": (50, 64, 1),
    "1000x64": (1000, 64, 1),
    "50x16K": (50, 16 * 1024, 1),
    "50x64p16": (50, 64, 16),
}
BASE = "bare liburing"
PEER = "asio coroutines"


def servers(build):
    found = {
        BASE: [build / "bench_bare_liburing_echo"],
        "bare epoll": [build / "bench_bare_epoll_echo"],
    }
    for reactor in ("io_uring", "epoll"):
        for style in ("coroutine", "protocol"):
            found[f"coil {reactor} {style}"] = [build / "bench_coil_echo", reactor, style]
    found[PEER] = [build / "bench_asio_echo"]
    found["libuv"] = [build / "bench_libuv_echo"]
    for name in [name for name, command in found.items() if not command[0].exists()]:
        print(f"left out: {name} ({found.pop(name)[0].name} was not built)")
    if BASE not in found:
        sys.exit(f"{build} does not hold the benchmarks")
    return found


@contextlib.contextmanager
def running(command, core, batch):
    def pin():
        os.sched_setaffinity(0, {core})
        if batch:
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))

    server = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True,
                              preexec_fn=pin)
    try:
        line = server.stdout.readline()
        if not line.startswith("listening on "):
            sys.exit(f"{command[0]} did not start: {line!r}")
        yield server, int(line.split()[2].rsplit(":", 1)[1])
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def measure(command, case, load, cores, slices, slice_ms):
    """Gives (ns of CPU per message in the cheapest slice, messages per second over all slices)."""
    connections, size, in_flight = CASES[case]
    batch = cores[0] == cores[1]
    with running(command, cores[0], batch) as (server, port):
        def pin():
            os.sched_setaffinity(0, {cores[1]})
            if batch:
                os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))

        arguments = [port, server.pid, connections, size, in_flight, slices, slice_ms]
        done = subprocess.run([str(load), *map(str, arguments)], stdout=subprocess.PIPE, text=True,
                              preexec_fn=pin, timeout=60, check=True)
    rows = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    cheapest = min(cpu / messages for messages, cpu, _ in rows if messages > 0)
    rate = sum(row[0] for row in rows) / sum(row[2] for row in rows) * 1e9
    return cheapest, rate


def upper_bound(ratios):
    """The paired ratio that 95 % of resampled medians stay below."""
    draws = random.Random(1)
    medians = sorted(statistics.median(draws.choices(ratios, k=len(ratios))) for _ in range(2000))
    return medians[int(0.95 * len(medians))]


def table(title, names, cases, cell):
    width = max(map(len, names)) + 2
    print(f"\n{title}\n{'':{width}}" + "".join(f"{case:>12}" for case in cases))
    for name in names:
        print(f"{name:{width}}" + "".join(f"{cell(name, case):>12}" for case in cases))


def collect(found, cases, load, cores, options):
    """Gives figures[case][name] = the list of one figure pair per round."""
    figures = {case: {name: [] for name in found} for case in cases}
    for number in range(options.rounds):
        for case in cases:
            order = list(found)
            random.shuffle(order)
            for name in order:
                figures[case][name].append(
                    measure(found[name], case, load, cores, options.slices, options.slice_ms))
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
    return figures


def ratios(figures, case, name, base, column):
    return [mine[column] / theirs[column]
            for mine, theirs in zip(figures[case][name], figures[case][base])]


def report(figures, names, cases, title, column, absolute_title, absolute):
    """Prints one figure as ratios to the base, and as it is."""
    def ratio(name, case):
        return f"{statistics.median(ratios(figures, case, name, BASE, column)):.2f}"

    def plain(name, case):
        return absolute([figure[column] / 1000 for figure in figures[case][name]])

    table(f"{title} x {BASE}", names, cases, ratio)
    table(absolute_title, names, cases, plain)


def report_cost(figures, found, cases):
    report(figures, found, cases, "Cost: server CPU time per message", 0,
           "The same in microseconds (cheapest slice of all rounds)",
           lambda values: f"{min(values):.2f}")
    if PEER not in found:
        return
    mine = [name for name in found if name.startswith("coil")]

    def against(name, case):
        paired = ratios(figures, case, name, PEER, 0)
        return f"{statistics.median(paired):.2f} <{upper_bound(paired):.2f}"

    table(f"Cost x {PEER}: median of the paired ratios, and its upper 95 % bound", mine, cases,
          against)


def report_throughput(figures, found, cases):
    report(figures, found, cases, "Throughput", 1,
           "The same in thousands of messages per second (median)",
           lambda values: f"{statistics.median(values):.0f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="the folder of the built benchmarks")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slices", type=int, default=6)
    parser.add_argument("--slice-ms", type=int, default=40)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--servers", default="", help="only names that contain one of these words")
    parser.add_argument("--only", choices=("cost", "throughput"))
    options = parser.parse_args()
    cases = options.cases.split(",")
    unknown = [case for case in cases if case not in CASES]
    if unknown:
        parser.error(f"no such case: {unknown[0]}; there are {', '.join(CASES)}")
    environment.enter_own_network(sys.argv)
    environment.raise_descriptor_limit()
    environment.describe()
    found = servers(options.build)
    words = [word for word in options.servers.split(",") if word]
    if words:
        found = {name: command for name, command in found.items()
                 if name == BASE or any(word in name for word in words)}
    load = options.build / "bench_load"
    cores = sorted(os.sched_getaffinity(0))
    if options.only != "throughput":
        report_cost(collect(found, cases, load, (cores[-1], cores[-1]), options), found, cases)
    if options.only == "cost":
        return
    if len(cores) < 2:
        print("\nNo throughput: server and load need a core each, and there is one.")
        return
    figures = collect(found, cases, load, (cores[0], cores[-1]), options)
    report_throughput(figures, found, cases)


if __name__ == "__main__":
    main()
