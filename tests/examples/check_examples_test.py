"""Tries check_examples.py on small trees: each fault is found where it is, and nothing else."""
import pathlib
import sys
import tempfile

sys.dont_write_bytecode = True  # The source tree stays as it is.
from check_examples import check  # noqa: E402

HEADER = "runtime/include/coil/runtime/a.h"
COPY = "tests/examples/a_example.cpp"
GOOD_HEADER = ("// A thing.\n"
               "//\n"
               '// Example (tests/examples/a_example.cpp, "use"):\n'
               "//\n"
               "//   A a;         // One.\n"
               "//   a.use();\n"
               "//\n"
               "// Cost: Little.\n"
               "class A {};\n")
GOOD_COPY = ("// [use]\nA a;  // One.\n// [/use]\ncheck(a);\n// [use]\na.use();\n// [/use]\n")

# What is replaced by what, in the header or in the copy, and where that is to be found.
FAULTS = [
    (HEADER, "a.use()", "a.used()", [f"{HEADER}:3", f"{COPY}:2", f"{COPY}:6"]),
    (HEADER, "//   a.use();\n", "", [f"{COPY}:6"]),
    (HEADER, "//   A a;         // One.\n//   a.use();\n", "",
     [f"{HEADER}:3", f"{COPY}:2", f"{COPY}:6"]),
    (HEADER, "//   a.use();", "//  a.use();", [f"{HEADER}:6", f"{COPY}:6"]),
    (HEADER, '"use"', '"abuse"', [f"{HEADER}:3", f"{COPY}:2", f"{COPY}:6"]),
    (HEADER, "a_example", "b_example", [f"{HEADER}:3", f"{COPY}:2", f"{COPY}:6"]),
    (HEADER, ' (tests/examples/a_example.cpp, "use")', "",
     [f"{HEADER}:3", f"{COPY}:2", f"{COPY}:6"]),
    (HEADER, 'cpp, "use"', 'cpp "use"', [f"{HEADER}:3", f"{COPY}:2", f"{COPY}:6"]),
    (COPY, "a.use();\n", "a.use();\na.end();\n", [f"{COPY}:7"]),
    (COPY, "check(a);\n", "// [other]\ncheck(a);\n// [/other]\n", [f"{COPY}:5"]),
    (COPY, "check(a);\n", "// [use]\n// [/use]\n", [f"{COPY}:4"]),
    (COPY, "check(a);\n", "// [/use]\n", [f"{COPY}:4"]),
    (COPY, "a.use();\n// [/use]\n", "a.use();\n", [f"{COPY}:5"]),
]


def places(texts):
    """Gives where the checker finds fault with a tree."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for path, text in texts.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        return sorted(":".join(finding.split(":")[:2]) for finding in check(root))


def main():
    """Compares what is found with what is to be found."""
    good = {HEADER: GOOD_HEADER, COPY: GOOD_COPY}
    failures = [f"{place}: found, and nothing is wrong" for place in places(good)]
    for path, old, new, wrong in FAULTS:
        bad = good | {path: good[path].replace(old, new)}
        if bad == good or places(bad) != sorted(wrong):
            failures.append(f"{old!r} → {new!r}: found {places(bad)} where {wrong} is wrong")
    print("\n".join(failures) or f"{len(FAULTS)} faults, found where they are")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
