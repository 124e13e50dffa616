"""Round trips of 100 active connections, alone and beside 10,000 idle ones.

Server and load have a core each. Each active connection has one message of 64 bytes in flight, so
the server is busy and a round trip is mostly its wait for the other 99. A round measures both
cases of each server in shuffled order, each with a fresh server, and takes the median of its
slices.
"""
import random
import statistics

import report
import servers

IDLE = 10_000
ACTIVE = 100
SLICES = 10
SLICE_MS = 30
LIMIT = 1.2


def measure(setup, command, idle):
    """Gives (median, 99th percentile) of the round trips in microseconds."""
    with servers.running(command, {setup.cores[0]}, servers.STEADY) as (_, port):
        lines = servers.output_of(
            [setup.build / "bench_latency", port, idle, ACTIVE, SLICE_MS, SLICES],
            {setup.cores[-1]}, servers.STEADY)
    return tuple(statistics.median(int(line[column]) for line in lines) / 1000
                 for column in (1, 2))


def run(setup):
    """Prints the percentiles of both cases, and their ratio."""
    if len(setup.cores) < 2:
        print("\nNo latency: server and load need a core each, and there is one.")
        return
    rounds = setup.rounds(5)
    silent = setup.connections(IDLE + ACTIVE) - ACTIVE
    figures = {(name, idle): [] for name in setup.servers for idle in (0, silent)}
    for number in range(rounds):
        order = list(figures)
        random.shuffle(order)
        for name, idle in order:
            figures[name, idle].append(measure(setup, setup.servers[name], idle))
        report.progress("latency", number, rounds)

    def cell(name, column):
        percentile, what = column.split()
        index = ("p50", "p99").index(percentile)
        alone, beside = ([trips[index] for trips in figures[name, idle]] for idle in (0, silent))
        if what == "ratio":
            limit = LIMIT if index == 1 and name.startswith("coil") else None
            return report.limited([busy / free for busy, free in zip(beside, alone)], limit)
        return f"{statistics.median(alone if what == 'alone' else beside):.0f}"

    report.table(f"Latency in microseconds: {ACTIVE} active connections, alone and beside "
                 f"{silent:,} idle ones; ratio: median of the paired, >its lower 95 % bound, "
                 f"! above {LIMIT}", setup.servers,
                 ("p50 alone", "p50 +idle", "p50 ratio", "p99 alone", "p99 +idle", "p99 ratio"),
                 cell, 14)
