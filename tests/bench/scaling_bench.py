"""Two reactors on two cores, as far as two cores can show it.

Each core carries a reactor and a load, so that one core and two do the same kind of work:
  one      one reactor and one load on one core
  apart    a server and a load of its own on each core: what the machine itself allows
  shared   one program with two reactors that share a port, and a load on each core; of the bare
           loops two programs that share a port
"""
import concurrent.futures
import contextlib
import random
import statistics

import report
import servers

SHAPE = (50, 64, 1)
SLICES = 5
SLICE_MS = 80


def rate(setup, port, pid, core):
    """Gives (messages per second, nanoseconds of CPU of the process `pid` per second)."""
    load = [setup.build / "bench_load", port, pid, *SHAPE, SLICES, SLICE_MS]
    rows = [tuple(map(int, line)) for line in servers.output_of(load, {core}, servers.STEADY)]
    seconds = sum(row[2] for row in rows) / 1e9
    return sum(row[0] for row in rows) / seconds, sum(row[1] for row in rows) / seconds


def start(stack, command, kind, cores):
    """Starts what a kind takes; gives for each core (port, process, core) of its load."""
    if kind == "shared" and "coil" in command[0].name:
        server, port = stack.enter_context(
            servers.running([*command, "--reactors", "2"], set(cores), servers.STEADY))
        return [(port, server.pid, core) for core in cores]
    ends = []
    share = ["--share"] if kind == "shared" else []
    for core in cores:
        if share and ends:
            share = ["--share", "--port", ends[0][0]]
        server, port = stack.enter_context(
            servers.running([*command, *share], {core}, servers.STEADY))
        ends.append((port, server.pid, core))
    return ends


def measure(setup, command, kind):
    """Gives (messages per second, ns of CPU per message) over all cores in use."""
    cores = setup.cores[-1:] if kind == "one" else (setup.cores[0], setup.cores[-1])
    with contextlib.ExitStack() as stack:
        ends = start(stack, command, kind, cores)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            both = list(pool.map(lambda end: rate(setup, *end), ends))
    messages = sum(each[0] for each in both)
    # Each load sees the CPU time of all threads of its program.
    processes = len({pid for _, pid, _ in ends})
    return messages, sum(each[1] for each in both) * processes / len(ends) / messages


def run(setup):
    """Prints throughput on one core and on two, and the ratios."""
    if len(setup.cores) < 2:
        print("\nNo scaling: it takes two cores, and there is one.")
        return
    kinds = ("one", "apart", "shared")
    names = [name for name in setup.servers if name.startswith(("coil", "bare"))]
    rounds = setup.rounds(3)
    figures = {(name, kind): [] for name in names for kind in kinds}
    for number in range(rounds):
        order = list(figures)
        random.shuffle(order)
        for name, kind in order:
            figures[name, kind].append(measure(setup, setup.servers[name], kind))
        report.progress("scaling", number, rounds)

    def cell(name, column):
        unit, kind = column.split()
        if unit == "x":
            return f"{statistics.median(two[0] / one[0] for two, one in pairs(name, kind)):.2f}"
        middle = statistics.median(each[unit == "us"] for each in figures[name, kind])
        return f"{middle / 1000:.2f}" if unit == "us" else f"{middle / 1000:.0f}"

    def pairs(name, kind):
        return zip(figures[name, kind], figures[name, "one"])

    report.table("Scaling, 50 x 64 B per load: thousands of messages per second on one core, on "
                 "two apart and on two shared; both as ratios to one; CPU us per message", names,
                 ("k/s one", "k/s apart", "k/s shared", "x apart", "x shared", "us one",
                  "us shared"), cell, 12)
    print("The loads share the two cores with the reactors, and the kernel spreads connections over"
          " both listeners whatever core their load is on: `apart` is the most to hope for, and "
          "the bare loops show what sharing itself costs; nothing tells how a third reactor would "
          "fare.")
