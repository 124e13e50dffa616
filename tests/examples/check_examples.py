"""Fails where a header's Example differs from its compiled copy, or has none.

A header says `// Example (tests/examples/FILE.cpp, "NAME"):` and shows what stands between
`// [NAME]` and `// [/NAME]` in that file, or a part of it. A name may have several such blocks:
between them a test does what the example leaves out. White space is not compared.
"""
import collections
import pathlib
import re
import sys

HEAD = re.compile(r'\s*// Example \((tests/examples/[\w./]+), "([^"]+)"\):')
OPEN = re.compile(r"\s*// \[([^/\]][^\]]*)\]$")
CLOSE = re.compile(r"\s*// \[/([^\]]+)\]$")


def words_of(lines):
    return " ".join(lines).split()


def blocks_of(path, findings):
    """Gives what stands in the marked blocks of a file: name → words."""
    blocks = collections.defaultdict(list)
    name, opened_at, body = None, 0, []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        opening, closing = OPEN.match(line), CLOSE.match(line)
        if opening and name is None:
            name, opened_at, body = opening.group(1), number, []
        elif closing and closing.group(1) == name:
            blocks[name] += words_of(body)
            name = None
        elif opening or closing:
            findings.append(f"{path}:{number}: this marker does not fit the one before it")
        elif name is not None:
            body.append(line)
    if name is not None:
        findings.append(f"{path}:{opened_at}: the marker [{name}] is not closed")
    return blocks


def examples_of(path):
    """Lists a header's Examples: (line, file, name, words)."""
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines):
        head = HEAD.match(line)
        if not head:
            continue
        shown = []
        for text in lines[number + 1:]:
            text = text.strip()
            if not text.startswith("//") or (text != "//" and not text.startswith("//   ")):
                break
            shown.append(text[2:])
        yield number + 1, head.group(1), head.group(2), words_of(shown)


def contains(block, shown):
    """True if `shown` is a run of the block's words."""
    return any(block[at:at + len(shown)] == shown for at in range(len(block) - len(shown) + 1))


def check(root):
    findings = []
    files = {f"tests/examples/{path.name}": blocks_of(path, findings)
             for path in sorted((root / "tests/examples").glob("*.cpp"))}
    used = set()
    for header in sorted(root.glob("*/include/**/*.h")):
        for number, file, name, shown in examples_of(header):
            place = f"{header}:{number}"
            used.add((file, name))
            if file not in files:
                findings.append(f"{place}: there is no {file}")
            elif name not in files[file]:
                findings.append(f"{place}: {file} has no block [{name}]")
            elif not contains(files[file][name], shown):
                findings.append(f"{place}: this differs from the block [{name}] of {file}")
    findings += [f"{file}: no header shows the block [{name}]"
                 for file, blocks in files.items() for name in blocks if (file, name) not in used]
    return findings


if __name__ == "__main__":
    found = check(pathlib.Path(sys.argv[1]))
    print("\n".join(found) or "every Example of a header is compiled as it stands")
    sys.exit(1 if found else 0)
