"""The project's style rules as tests: tidy.py [--root FOLDER] [GROUP…]

Prints each break of a rule as `file:line: sentence`. `--list` prints the rules.
"""
import argparse
import importlib
import pathlib
import sys

sys.dont_write_bytecode = True  # The source tree stays as it is.
from tree import Tree, rules_of  # noqa: E402

GROUPS = ("sizes", "layers", "comments", "names", "coroutines", "listings", "formatting")
SKIPPED = 77  # What CTest is told to read as a skip.


def main():
    """Runs the groups that are asked for, or all."""
    parser = argparse.ArgumentParser(description="Checks the project's style rules.")
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent.parent)
    parser.add_argument("--list", action="store_true", help="print the rules and end")
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=" ".join(GROUPS))
    arguments = parser.parse_args()
    unknown = [name for name in arguments.groups if name not in GROUPS]
    if unknown:
        parser.error(f"no group is called '{unknown[0]}'; there are {', '.join(GROUPS)}")

    tree = Tree.load(arguments.root)
    if not tree.public_headers():
        parser.error(f"{arguments.root} is not the root of the project: it has no public header")
    modules = [importlib.import_module(name) for name in arguments.groups or GROUPS]
    findings, skips, count = [], [], 0
    for module in modules:
        reason = module.skip_reason() if hasattr(module, "skip_reason") else None
        if reason and not arguments.list:
            skips.append(f"{module.__name__}: skipped: {reason}")
            continue
        for check in rules_of(module):
            count += 1
            if arguments.list:
                print(f"{module.__name__}.{check.__name__}: {check.__doc__}")
            else:
                findings += [(found, check.__name__) for found in check(tree)]
    for found, name in sorted(findings):
        print(f"{found} [{name}]")
    for skip in skips:
        print(skip)
    if not arguments.list:
        print(f"{count} rules, {len(tree.files)} files, {len(findings)} findings")
    return 1 if findings else SKIPPED if skips and count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
