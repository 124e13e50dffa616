"""Cost and throughput of echo servers, as ratios to the bare liburing loop of the same round.

  cost        the server's CPU time per message, with server and load on one core, where the
              kernel's accounting is exact: the cheapest slice of a round counts
  throughput  messages per second, with server and load each on a core of its own
Rounds take the servers in shuffled order; what is printed is the median over the rounds.
"""
import random
import statistics

import report
import servers

CASES = {  # name: connections, bytes, messages in flight per connection
    "1x64": (1, 64, 1),
    "50x64": (50, 64, 1),
    "1000x64": (1000, 64, 1),
    "50x16K": (50, 16 * 1024, 1),
    "50x64p16": (50, 64, 16),
}
# What coil's cost on io_uring may be at most, as a ratio to the bare liburing loop.
LIMITS = {"1x64": 1.00, "50x64": 1.00, "1000x64": 1.02, "50x16K": 0.70, "50x64p16": 0.98}
STYLE_LIMIT = 1.05  # Protocol against coroutine, and coil on epoll against the bare epoll loop.


def measure(setup, command, shape, cores, slices, slice_ms):
    """Gives (ns of CPU per message in the cheapest slice, messages per second over all slices)."""
    scheduler = servers.BATCH if cores[0] == cores[1] else servers.STEADY
    with servers.running(command, {cores[0]}, scheduler) as (server, port):
        load = [setup.build / "bench_load", port, server.pid, *shape, slices, slice_ms]
        lines = servers.output_of(load, {cores[1]}, scheduler)
    rows = [tuple(map(int, line)) for line in lines]
    cheapest = min(cpu / messages for messages, cpu, _ in rows if messages > 0)
    rate = sum(row[0] for row in rows) / sum(row[2] for row in rows) * 1e9
    return cheapest, rate


def collect(setup, topic, cores, rounds):
    """Gives figures[case][name] = the list of one figure pair per round."""
    options = setup.options
    figures = {case: {name: [] for name in setup.servers} for case in setup.cases}
    for number in range(rounds):
        for case in setup.cases:
            order = list(setup.servers)
            random.shuffle(order)
            for name in order:
                figures[case][name].append(
                    measure(setup, setup.servers[name], CASES[case], cores, options.slices,
                            options.slice_ms))
        report.progress(topic, number, rounds)
    return figures


def ratios(figures, case, name, base, column=0):
    """Gives the ratio of one round after another."""
    return [mine[column] / theirs[column]
            for mine, theirs in zip(figures[case][name], figures[case][base])]


def print_both(setup, figures, title, column, absolute_title, absolute):
    """Prints one figure as ratios to the base, and as it is."""
    def ratio(name, case):
        return f"{statistics.median(ratios(figures, case, name, servers.BASE, column)):.2f}"

    def plain(name, case):
        return absolute([figure[column] / 1000 for figure in figures[case][name]])

    report.table(f"{title} x {servers.BASE}", setup.servers, setup.cases, ratio)
    report.table(absolute_title, setup.servers, setup.cases, plain)


def print_limits(setup, figures):
    """Prints the pairs that a limit holds for: the median, and the lower 95 % bound beside it."""
    pairs = {}  # Text: both servers and the limit of each case.
    style = dict.fromkeys(CASES, STYLE_LIMIT)
    for name in setup.servers:
        if name.startswith("coil io_uring"):
            pairs[f"{name} x {servers.BASE}"] = (name, servers.BASE, LIMITS)
        if name.startswith("coil epoll"):
            pairs[f"{name} x {servers.BARE_EPOLL}"] = (name, servers.BARE_EPOLL, style)
        if name.endswith("protocol"):
            pairs[f"{name} x coroutine"] = (name, name.replace("protocol", "coroutine"), style)
    pairs = {text: pair for text, pair in pairs.items() if pair[1] in setup.servers}

    def cell(text, case):
        name, base, limit = pairs[text]
        return report.limited(ratios(figures, case, name, base), limit[case])

    report.table("Cost of pairs: median of the paired ratios, >its lower 95 % bound, ! where that "
                 "is above the limit", pairs, setup.cases, cell, 14)
    report.table("  the limits", {"io_uring x bare liburing": LIMITS, "all others": style},
                 setup.cases,
                 lambda text, case: f"{(LIMITS if 'liburing' in text else style)[case]:.2f}", 14)


def print_against_asio(setup, figures):
    """Prints coil's cost against Asio's, with the bound on the side that favors Asio."""
    mine = [name for name in setup.servers if name.startswith("coil")]

    def cell(name, case):
        _, median, upper = report.bounds(ratios(figures, case, name, servers.ASIO))
        return f"{median:.2f} <{upper:.2f}"

    report.table(f"Cost x {servers.ASIO}: median of the paired ratios, <its upper 95 % bound",
                 mine, setup.cases, cell, 14)


def cost(setup):
    """Prints the cost tables; server and load share the last core."""
    core = setup.cores[-1]
    figures = collect(setup, "cost", (core, core), setup.rounds(15))
    print_both(setup, figures, "Cost: server CPU time per message", 0,
               "The same in microseconds (cheapest slice of all rounds)",
               lambda values: f"{min(values):.2f}")
    print_limits(setup, figures)
    if servers.ASIO in setup.servers:
        print_against_asio(setup, figures)


def throughput(setup):
    """Prints the throughput tables; server and load have a core each."""
    if len(setup.cores) < 2:
        print("\nNo throughput: server and load need a core each, and there is one.")
        return
    figures = collect(setup, "throughput", (setup.cores[0], setup.cores[-1]), setup.rounds(3))
    print_both(setup, figures, "Throughput", 1,
               "The same in thousands of messages per second (median)",
               lambda values: f"{statistics.median(values):.0f}")
