"""Two reactors on two cores, as far as two cores can show it.

Each core carries a reactor and a load, so that one core and two do the same kind of work:
  one      one reactor and one load on one core
  apart    a server and a load of its own on each core: what the machine itself allows
  shared   one program with two reactors that share a port, and a load on each core; of the bare
           loops two programs that share a port
  steered  the same, and each listener asks for the connections that begin on its core

The sample `coil echo --workers N`, as a user runs it, is measured as well: `one` is one worker,
`shared` two, `steered` two with `--pin`. It counts messages, and has a reactor that supervises.
"""
import concurrent.futures
import contextlib
import operator
import random
import statistics

import report
import servers

KINDS = ("one", "apart", "shared", "steered")
SHAPE = (50, 64, 1)
SLICES = 5
SLICE_MS = 40


def sample_commands(setup):
    """Gives the sample with workers, in both styles, by its name; nothing where it is not built."""
    sample = setup.build.parent.parent / "samples" / "coil"
    if not sample.exists():
        print(f"left out: coil echo --workers ({sample} was not built)")
        return {}
    commands = {f"coil echo {reactor} {style}": [
                    sample, "--reactor", reactor, "echo", "--listen", "tcp:0:interface=127.0.0.1",
                    "--style", style]
                for reactor in ("io_uring", "epoll") for style in ("coroutine", "protocol")}
    return servers.select(commands, setup.options.servers)


def is_sample(command):
    """Tells whether a command is `coil echo`, which has workers."""
    return command[0].name == "coil"


def rate(setup, port, pid, core):
    """Gives messages per second of one load."""
    load = [setup.build / "bench_load", port, pid, *SHAPE, SLICES, SLICE_MS]
    rows = [tuple(map(int, line)) for line in servers.output_of(load, {core}, servers.STEADY)]
    return sum(row[0] for row in rows) / sum(row[2] for row in rows) * 1e9


def start(stack, command, kind, cores):
    """Starts what a kind takes; gives for each core (port, process, core) of its load."""
    if kind in ("shared", "steered") and is_sample(command):
        two = ["--workers", "2", *(["--pin"] if kind == "steered" else [])]
        server, port = stack.enter_context(
            servers.running([*command, *two], set(cores), servers.STEADY))
        return [(port, server.pid, core) for core in cores]
    if kind in ("shared", "steered") and "coil" in command[0].name:
        two = ["--reactors", "2", *(["--steer"] if kind == "steered" else [])]
        server, port = stack.enter_context(
            servers.running([*command, *two], set(cores), servers.STEADY))
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
    """Gives messages per second over all cores in use."""
    cores = setup.cores[-1:] if kind == "one" else (setup.cores[0], setup.cores[-1])
    with contextlib.ExitStack() as stack:
        ends = start(stack, command, kind, cores)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            return sum(pool.map(lambda end: rate(setup, *end), ends))


def run(setup):
    """Prints throughput on one core and on two, and the ratios."""
    if len(setup.cores) < 2:
        print("\nNo scaling: it takes two cores, and there is one.")
        return
    commands = {name: command for name, command in setup.servers.items()
                if name.startswith(("coil", "bare"))}
    commands.update(sample_commands(setup))
    names = list(commands)
    rounds = setup.rounds(4)
    figures = {(name, kind): [] for name, command in commands.items() for kind in KINDS
               if kind != "steered" or name.startswith("coil")}
    for number in range(rounds):
        order = list(figures)
        random.shuffle(order)
        for name, kind in order:
            figures[name, kind].append(measure(setup, commands[name], kind))
        report.progress("scaling", number, rounds)

    def cell(name, column):
        unit, kind = column.split()
        if (name, kind) not in figures:
            return "-"
        if unit == "k/s":
            return f"{statistics.median(figures[name, kind]) / 1000:.0f}"
        ratios = map(operator.truediv, figures[name, kind], figures[name, "one"])
        return f"{statistics.median(ratios):.2f}"

    report.table("Scaling, 50 x 64 B per load: thousands of messages per second on one core and on "
                 "two, and the ratio to one", names,
                 [f"k/s {kind}" for kind in KINDS] + [f"x {kind}" for kind in KINDS[1:]], cell, 13)
    print("The loads share the two cores with the reactors, so `apart` is the most to hope for, "
          "`shared` pays for messages that cross cores (the bare loops too), and nothing here "
          "tells how a third reactor would fare.")
