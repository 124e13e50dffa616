"""How cost grows with the work: connections, timers, tasks.

  connections  the server's CPU time per message of 64 bytes, server and load on one core
  timers       add and cancel before so many live ones, and fire them all when they are due
  tasks        spawn so many, all alive, and see them complete; let so many give way in turn
Each point is the smallest figure of all rounds.
"""
import random

import echo_bench
import plot
import primitives_bench
import report
import servers

CONNECTIONS = (50, 150, 500, 1500, 5000)
COUNTS = {
    "timers": (1_000, 10_000, 100_000, 1_000_000, 10_000_000),
    "tasks": (1_000, 10_000, 100_000, 1_000_000),
}
PEER_MAX = 1_000_000  # Beyond that a heap of timers takes most of a minute.
SLICES = 4
SLICE_MS = 50  # Longer than elsewhere: 5,000 connections take half of it to say one thing each.
PANELS = {  # Title: unit, and what the points of a line are called in a program's output.
    "Timer: add and cancel before the live ones": ("ns", "timer_deadline"),
    "Timer: fire, all due": ("ns", "timer_fire"),
    "Task: spawn and complete, all alive": ("ns", "task_spawn"),
    "Task: yield, round robin": ("ns", "task_yield"),
}


def connections(setup, rounds):
    """Gives lines[server] = [(connections, microseconds per message)]."""
    names = [name for name in setup.servers if not name.endswith("protocol")]
    counts = [count for count in CONNECTIONS if count == setup.connections(count)]
    points = {}
    for number in range(rounds):
        work = [(name, count) for name in names for count in counts]
        random.shuffle(work)
        for name, count in work:
            core = setup.cores[-1]
            cost, _ = echo_bench.measure(setup, setup.servers[name], (count, 64, 1), (core, core),
                                         SLICES, SLICE_MS)
            points.setdefault((name, count), []).append(cost / 1000)
        report.progress("curves of connections", number, rounds)
    return {name: [(count, min(points[name, count])) for count in counts] for name in names}


def primitives(setup, rounds):
    """Gives lines[key][program] = [(how many, ns per step)], key as programs print it."""
    work = []
    for program, file in primitives_bench.PROGRAMS.items():
        if not (setup.build / file).exists():
            continue
        for step, counts in COUNTS.items():
            if step == "timers" and program == "minimum" or step == "tasks" and program == "libuv":
                continue
            work += [(program, step, count) for count in counts
                     if program == "coil" or count <= PEER_MAX]
    figures = {}
    for number in range(rounds):
        random.shuffle(work)
        for program, step, count in work:
            if number > 0 and count > PEER_MAX:
                continue
            primitives_bench.measure(setup, program, f"{step}:{count}", figures)
        report.progress("curves of primitives", number, rounds)
    lines = {}
    for key, programs in figures.items():
        name, count = key.split(":")
        for program, measured in programs.items():
            lines.setdefault(name, {}).setdefault(program, []).append(
                (int(count), min(measured)[0]))
    return {name: {program: sorted(programs[program])
                   for program in primitives_bench.PROGRAMS if program in programs}
            for name, programs in lines.items()}


def print_lines(title, lines):
    """Prints a panel's lines, a column for each count."""
    counts = sorted({count for points in lines.values() for count, _ in points})
    columns = {f"{count:,}": count for count in counts}

    def cell(name, column):
        figure = dict(lines[name]).get(columns[column])
        return "-" if figure is None else f"{figure:.2f}" if figure < 10 else f"{figure:.1f}"

    report.table(title, lines, columns, cell)


def run(setup):
    """Prints the curves as tables, and draws them if that is asked for."""
    panels = [plot.Panel("Server CPU per message, 64 B", "connections", "us",
                         connections(setup, setup.rounds(3)))]
    lines = primitives(setup, setup.rounds(2))
    for title, (unit, key) in PANELS.items():
        panels.append(plot.Panel(title, key.split("_")[0] + "s", unit, lines[key]))
    for panel in panels:
        print_lines(f"{panel.title} ({panel.unit}), by {panel.across}", panel.lines)
    if setup.options.plot:
        plot.write(setup.options.plot, panels)
        print(f"\nThe curves are drawn in {setup.options.plot}")
