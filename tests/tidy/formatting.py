"""The rule of layout, which is clang-format's; skipped where that is not installed."""
import re
import shutil
import subprocess

from tree import Finding, rule

PROGRAM = "clang-format-19"


def skip_reason():
    """Says why the rule cannot be checked here, or nothing."""
    return None if shutil.which(PROGRAM) else f"{PROGRAM} is not installed"


@rule
def formatted(tree):
    """A C++ file is laid out as clang-format-19 does it."""
    paths = [file.path for file in tree.cpp()]
    if not paths or tree.root is None:
        return
    run = subprocess.run([PROGRAM, "--dry-run", "--fallback-style=none", *paths], cwd=tree.root,
                         capture_output=True, text=True, check=False)
    seen = set()
    for line in run.stderr.splitlines():
        match = re.match(r"(.+?):(\d+):\d+: (?:warning|error):", line)
        if match and match.group(1) not in seen:
            seen.add(match.group(1))
            yield Finding(match.group(1), int(match.group(2)),
                          f"the layout differs from here on: run {PROGRAM} -i {match.group(1)}")
    if run.returncode and not seen:
        yield Finding(".clang-format", 1, run.stderr.strip() or f"{PROGRAM} failed")
