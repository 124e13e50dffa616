"""What every topic prints with: tables, medians, and the bounds of paired ratios."""
import random
import statistics
import sys


def bounds(ratios):
    """Gives the paired ratios' median, and the ends of its 90 % interval over resampled rounds.

    Below the first end lie 5 % of the resampled medians, and above the second 5 %.
    """
    draws = random.Random(1)
    medians = sorted(statistics.median(draws.choices(ratios, k=len(ratios))) for _ in range(2000))
    return (medians[int(0.05 * len(medians))], statistics.median(ratios),
            medians[int(0.95 * len(medians))])


def limited(ratios, limit=None):
    """Gives a median and its lower bound as text; a lower bound above the limit is marked."""
    lower, median, _ = bounds(ratios)
    mark = " " if limit is None or lower <= limit else "!"
    return f"{median:.2f} >{lower:.2f}{mark}"


def table(title, names, columns, cell, width=12):
    """Prints a table; `cell(name, column)` gives text."""
    first = max(map(len, names), default=0) + 2
    print(f"\n{title}\n{'':{first}}" + "".join(f"{column:>{width}}" for column in columns))
    for name in names:
        print(f"{name:{first}}" + "".join(f"{cell(name, column):>{width}}" for column in columns))
    sys.stdout.flush()


def progress(topic, number, rounds):
    """Says on standard error how far a topic has come."""
    print(f"{topic}: round {number + 1} of {rounds}", file=sys.stderr, flush=True)
