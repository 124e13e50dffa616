"""Tries every rule on trees that break it and on trees that keep it.

A rule without a sample that breaks it fails: nobody would know whether it can.
"""
import importlib
import pathlib
import sys
import tempfile

sys.dont_write_bytecode = True  # The source tree stays as it is.
import tidy  # noqa: E402
from tree import Tree, rules_of  # noqa: E402


def places(check, texts):
    """Gives where a rule finds fault with a tree, which lies on disk meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in texts.items():
            file = pathlib.Path(folder) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return tuple(f"{found.path}:{found.line}" for found in sorted(check(Tree.load(folder))))


def main():
    """Compares, rule by rule, what is found with what is to be found."""
    failures, tried = [], 0
    for group in tidy.GROUPS:
        module = importlib.import_module(group)
        samples = importlib.import_module(f"{group}_samples").SAMPLES
        if hasattr(module, "skip_reason") and module.skip_reason():
            print(f"{group}: skipped: {module.skip_reason()}")
            continue
        checks = {check.__name__: check for check in rules_of(module)}
        failures += [f"{group}_samples.py: '{name}' is no rule" for name in samples.keys() - checks]
        for name, check in checks.items():
            if not samples.get(name):
                failures.append(f"{group}.{name} has no sample that breaks it")
            for number, sample in enumerate(samples.get(name, ()), 1):
                tried += 1
                bad, good = places(check, sample.bad), places(check, sample.good)
                if not sample.at or bad != sample.at:
                    failures.append(f"{group}.{name}, sample {number}: found {bad} where "
                                    f"{sample.at} is wrong")
                if good:
                    failures.append(f"{group}.{name}, sample {number}: found {good} where nothing "
                                    "is wrong")
    print("\n".join(failures) if failures else f"{tried} samples, as they should be")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
