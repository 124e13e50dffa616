"""Counts the instructions that coil spends per echoed message, and compares with what is recorded.

The counts come from callgrind, so that neither the machine's speed nor its load matters: they
repeat to the last digit. The kernel's instructions are not counted, nor, on a real reactor, the
clients'. Figures of another compiler, other flags or other features of a reactor are not judged.
"""
import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # The source tree stays as it is.
import callgrind_file  # noqa: E402

SKIPPED = 77
REFUSED = 3
GROWTH_MAX = 0.05
MESSAGE_MAX = 600  # Instructions per message of a server in either style, on a real reactor.
TASK_MAX = 120  # What one awaited Task more may add.
RECORDED = pathlib.Path(__file__).with_name("recorded.json")
CASES = {  # name: connections, bytes, counted rounds
    "1x64": (1, 64, 1000),
    "50x64": (50, 64, 40),
    "50x16K": (50, 16 * 1024, 40),
}
SERVERS = [(reactor, style) for reactor in ("io_uring", "epoll", "simulated")
           for style in ("coroutine", "child", "protocol")]


def all_figures():
    """Names every figure: each server with 50 small messages, some with other loads as well."""
    for reactor, style in SERVERS:
        for case in CASES:
            if case == "50x64" or (reactor != "simulated" and style != "child"):
                yield f"{reactor} {style} {case}"


def skip(reason):
    print(f"skip: {reason}")
    sys.exit(SKIPPED)


class Refused(Exception):
    """The machine does not offer the reactor."""


def run_counted(program, name, profile):
    """Gives the instructions per message of one run, and the reactor's features."""
    reactor, style, case = name.split()
    command = ["valgrind", "--tool=callgrind", "--collect-atstart=no",
               "--toggle-collect=counted_turn*", f"--callgrind-out-file={profile}",
               str(program), reactor, style, *map(str, CASES[case])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    lines = done.stdout.splitlines()
    if done.returncode == REFUSED:
        raise Refused(lines[-1])
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not collected:
        sys.exit(f"{name}: the run failed with status {done.returncode}:\n{done.stderr}")
    features, messages = lines
    return int(collected[1]) / int(messages), features if reactor != "simulated" else ""


def count(program, name, enough=None):
    """As run_counted(); one that is above `enough` is run again, and the smallest run counts."""
    with tempfile.TemporaryDirectory() as folder:
        best = None
        for _ in range(3):
            counted, features = run_counted(program, name, pathlib.Path(folder) / "profile")
            best = counted if best is None else min(best, counted)
            if enough is None or best <= enough:
                break
    return best, features


def count_all(program, recorded):
    """Gives the figures by name, and the features by reactor; says which cannot be had."""
    figures, features, refused = {}, {}, set()
    for name in all_figures():
        reactor = name.split()[0]
        if reactor in refused:
            continue
        known = recorded.get("instructions", {}).get(name)
        enough = known * (1 + GROWTH_MAX) if known else None
        try:
            figures[name], features[reactor] = count(program, name, enough)
        except Refused as refusal:
            refused.add(reactor)
            print(f"skip: {reactor}: {refusal}")
    return figures, features


def judge(name, counted, known):
    """Gives a sentence about one figure, and whether it is a failure."""
    if known is None:
        return f"{name} is not recorded: run this program with --record", True
    growth = counted / known - 1
    if growth > GROWTH_MAX:
        return (f"{name} takes {counted:.0f} instructions per message, {growth:.1%} more than the "
                f"{known:.0f} recorded; at most {GROWTH_MAX:.0%} more is allowed"), True
    if growth < -GROWTH_MAX:
        return f"{name} became {-growth:.1%} cheaper than recorded: record anew", False
    return "", False


def over_limits(figures):
    """Gives a sentence for each figure that is above what a message may cost."""
    for name, counted in figures.items():
        reactor, style, case = name.split()
        if reactor == "simulated" or case != "50x64":
            continue
        if style == "child":
            added = counted - figures[f"{reactor} coroutine {case}"]
            if added > TASK_MAX:
                yield f"{reactor}: one Task more adds {added:.0f} instructions, not {TASK_MAX}"
        elif counted > MESSAGE_MAX:
            yield f"{name} takes {counted:.0f} instructions per message, not {MESSAGE_MAX}"


def compare(figures, features, recorded, limits):
    """Prints each figure beside the recorded one; gives the status to end with."""
    failures = []
    remarks = [f"skip: {reactor}: recorded with '{recorded['features'].get(reactor)}', here it has "
               f"'{here}'" for reactor, here in features.items()
               if here != recorded["features"].get(reactor)]
    print(f"{'instructions per message':30}{'now':>10}{'recorded':>10}")
    for name, counted in figures.items():
        reactor = name.split()[0]
        known = recorded["instructions"].get(name)
        print(f"{name:30}{counted:10.1f}" + (f"{known:10.1f}" if known else f"{'-':>10}"))
        if features[reactor] != recorded["features"].get(reactor):
            continue
        sentence, failed = judge(name, counted, known)
        if sentence:
            (failures if failed else remarks).append(sentence)
    for sentence in over_limits(figures):
        (failures if limits else remarks).append(sentence)
    print("\n".join(remarks + failures))
    return 1 if failures else 0


def print_profile(program, name, root):
    """Prints the dearest functions and lines of one figure."""
    reactor, style, case = name.split()
    connections, _, rounds = CASES[case]
    messages = connections * rounds
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "profile"
        counted, features = run_counted(program, name, path)
        profile = callgrind_file.Profile(path)
    print(f"{name}: {counted:.1f} instructions per message ({features or reactor})\n")
    for function, cost in profile.functions.most_common(30):
        print(f"{cost / messages:8.1f}  {callgrind_file.short(function)[:110]}")
    print()
    for (file, number), cost in profile.lines.most_common(40):
        source = pathlib.Path(file)
        lines = source.read_text().splitlines() if source.is_file() else []
        text = lines[number - 1].strip() if 0 < number <= len(lines) else ""
        where = f"{file.removeprefix(str(root) + '/')}:{number}"
        print(f"{cost / messages:8.1f}  {where[-50:]:50}  {text[:70]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=pathlib.Path, help="the built echo_cost")
    parser.add_argument("--record", action="store_true", help="write the figures down")
    parser.add_argument("--limits", action="store_true",
                        help="fail as well where a message costs more than it may")
    parser.add_argument("--profile", metavar="FIGURE",
                        help="print where the instructions go, e.g. 'io_uring coroutine 50x64'")
    options = parser.parse_args()
    if options.profile and options.profile not in all_figures():
        parser.error("there are these figures: " + ", ".join(all_figures()))
    if shutil.which("valgrind") is None:
        skip("valgrind is not installed")
    if options.profile:
        print_profile(options.program, options.profile, RECORDED.parents[2])
        return 0
    build = subprocess.run([options.program, "--build"], capture_output=True, text=True,
                           check=True).stdout.strip()
    if options.record:
        figures, features = count_all(options.program, {})
        record = {"build": build, "features": features,
                  "instructions": {name: round(value, 1) for name, value in figures.items()}}
        RECORDED.write_text(json.dumps(record, indent=2) + "\n")
        print(RECORDED.read_text())
        return 0
    recorded = json.loads(RECORDED.read_text())
    if build != recorded["build"]:
        skip(f"this is {build}; the figures were recorded with {recorded['build']}")
    figures, features = count_all(options.program, recorded)
    return compare(figures, features, recorded, options.limits)


if __name__ == "__main__":
    sys.exit(main())
