"""The runtime's own steps beside a hand-written minimum, Asio and libuv, in the same rounds.

Each measurement is a process of its own, pinned to one core, or to two where a thread posts to
another; rounds take them in shuffled order. A cell is the smallest figure of all rounds.
"""
import random

import report
import servers

PROGRAMS = {
    "coil": "bench_primitives",
    "minimum": "bench_minimum_primitives",
    "asio": "bench_asio_primitives",
    "libuv": "bench_libuv_primitives",
}
STEPS = {"coil": ("spawn", "child", "yield", "event", "deferred", "leaf", "posts", "timers"),
         "minimum": ("spawn", "child", "yield", "leaf"),
         "asio": ("spawn", "child", "yield", "leaf", "posts", "timers"),
         "libuv": ("posts", "timers")}
TITLES = {
    "spawn": "spawn a child and see it complete",
    "child": "await a child that is ready",
    "yield": "yield and switch to another task",
    "event": "wake another task through an Event",
    "deferred": "make a Deferred, add a callback, fire it",
    "timer_add:1000000": "timer: add and cancel among a million live",
    "timer_deadline:1000000": "timer: add and cancel before a million live",
    "timer_fire:1000000": "timer: fire one of a million live",
    "post_resume": "resume a coroutine from a thread, burst of 256",
    "post_resume_side": "  of which the posting thread spends",
    "post_call": "call a function from a thread, burst of 256",
    "post_call_side": "  of which the posting thread spends ",
    "leaf": "bytes of a suspended coroutine (of 100,000)",
}
LIMITS = (  # What of coil's is compared with whose, and the most that it may be.
    ("spawn", "minimum", 1.2),
    ("child", "minimum", 1.2),
    ("yield", "minimum", 1.2),
    ("timer_deadline:1000000", "libuv", 1 / 40),
    ("timer_fire:1000000", "libuv", 1 / 15),
    ("post_resume", "asio", 1 / 15),
    ("post_call", "asio", 1 / 5),
)
LEAF_LIMIT = 200
SLOW_STEPS = ("timers",)  # Measured in every second round.


def measure(setup, program, step, figures):
    """Runs one step of one program, and adds what it prints to figures[key][program]."""
    two = step.startswith("posts")
    cores = {setup.cores[0], setup.cores[-1]} if two else {setup.cores[-1]}
    lines = servers.output_of([setup.build / PROGRAMS[program], step], cores, servers.STEADY)
    for key, _, figure, made in lines:
        figures.setdefault(key, {}).setdefault(program, []).append((float(figure), float(made)))


def collect(setup, programs, rounds):
    """Gives figures[key][program] = the list of one (figure, allocations) per round."""
    figures = {}
    for number in range(rounds):
        work = [(program, step) for program in programs for step in STEPS[program]
                if step not in SLOW_STEPS or number % 2 == 0]
        random.shuffle(work)
        for program, step in work:
            measure(setup, program, step, figures)
        report.progress("primitives", number, rounds)
    return figures


def print_limits(figures, programs):
    """Prints the ratios that a limit holds for."""
    held = [(key, base, limit) for key, base, limit in LIMITS if base in programs]
    rows = {f"{TITLES[key]} x {base}": (key, base, limit) for key, base, limit in held}

    def cell(text, column):
        key, base, limit = rows[text]
        paired = [mine[0] / theirs[0] for mine, theirs in zip(figures[key]["coil"],
                                                              figures[key][base])]
        lower, median, _ = report.bounds(paired)
        return {"ratio": f"{median:.3f}", "lower": f"{lower:.3f}", "limit": f"{limit:.3f}",
                "": "kept" if lower <= limit else "exceeded"}[column]

    report.table("Primitives: median of the paired ratios, its lower 95 % bound, and the limit",
                 rows, ("ratio", "lower", "limit", ""), cell, 10)
    leaf = min(figures["leaf"]["coil"])[0]
    print(f"A suspended coroutine of coil takes {leaf:.0f} bytes of heap: the limit of "
          f"{LEAF_LIMIT} is {'kept' if leaf <= LEAF_LIMIT else 'exceeded'}.")


def run(setup):
    """Prints the primitives' tables."""
    programs = [name for name, file in PROGRAMS.items() if (setup.build / file).exists()]
    figures = collect(setup, programs, setup.rounds(7))
    titles = {text: key for key, text in TITLES.items()}

    def cell(text, program):
        measured = figures[titles[text]].get(program)
        if measured is None:
            return "-"
        return f"{min(measured)[0]:.1f} [{min(made for _, made in measured):.0f}]"

    report.table("Primitives: ns per step [allocations of the measuring thread per step]", titles,
                 programs, cell, 14)
    print_limits(figures, programs)
