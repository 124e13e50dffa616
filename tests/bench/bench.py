"""coil beside bare system-call loops, hand-written coroutines, Asio and libuv, in one run."""
import argparse
import os
import pathlib
import sys
import time

import curves_bench
import echo_bench
import environment
import idle_bench
import latency_bench
import primitives_bench
import scaling_bench
import servers

TOPICS = {
    "cost": echo_bench.cost,
    "throughput": echo_bench.throughput,
    "primitives": primitives_bench.run,
    "idle": idle_bench.run,
    "latency": latency_bench.run,
    "curves": curves_bench.run,
    "scaling": scaling_bench.run,
}


class Setup:
    """What a topic is given: where the programs are, what to measure, and on which cores."""

    def __init__(self, options):
        self.options = options
        self.build = options.build
        self.cases = options.cases
        self.servers = servers.select(servers.find(options.build), options.servers)
        self.cores = sorted(os.sched_getaffinity(0))

    def rounds(self, usual):
        """Gives how many rounds were asked for, or what is usual."""
        return self.options.rounds or usual

    def connections(self, wanted):
        """Gives how many connections a topic can have, and says so if that is fewer."""
        most = environment.connections_max()
        if wanted > most:
            print(f"\nOnly {most:,} connections instead of {wanted:,}: the limit of open files")
        return min(wanted, most)


def words(text):
    """Splits a list at its commas."""
    return [word for word in text.split(",") if word]


def one_of(names):
    """Gives a parser of lists whose words must be among `names`."""
    def parse(text):
        for word in words(text):
            if word not in names:
                raise argparse.ArgumentTypeError(f"'{word}' is none of {', '.join(names)}")
        return words(text)
    return parse


def parse_options():
    """Reads the command line."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("build", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--only", type=one_of(TOPICS), default=list(TOPICS), metavar="TOPIC,...",
                        help=f"some of {', '.join(TOPICS)}")
    parser.add_argument("--rounds", type=int, metavar="N", help="instead of what a topic has")
    parser.add_argument("--cases", type=one_of(echo_bench.CASES), default=list(echo_bench.CASES),
                        metavar="CASE,...", help=f"some of {', '.join(echo_bench.CASES)}")
    parser.add_argument("--servers", type=words, default=[], metavar="WORD,...",
                        help="only servers that have one of these words in their name")
    parser.add_argument("--slices", type=int, default=5, metavar="N",
                        help="in which a round measures one server (5)")
    parser.add_argument("--slice-ms", type=int, default=30, metavar="MS", help="of each (30)")
    parser.add_argument("--plot", nargs="?", const="build/bench/curves.svg", metavar="FILE.svg",
                        help="draw the curves (build/bench/curves.svg)")
    options = parser.parse_args()
    if options.rounds is not None and options.rounds < 1:
        parser.error("a round is the least")
    if options.plot and "curves" not in options.only:
        parser.error("--plot draws the curves: --only leaves them out")
    return options


def main():
    """Runs the topics that are asked for."""
    options = parse_options()
    environment.enter_own_network(sys.argv)
    environment.raise_descriptor_limit()
    environment.describe()
    setup = Setup(options)
    started = time.monotonic()
    for name in options.only:
        began = time.monotonic()
        TOPICS[name](setup)
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print(f"\nMeasured in {time.monotonic() - started:.0f} s.")


if __name__ == "__main__":
    main()
