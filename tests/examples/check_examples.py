"""Fails where a header's Example differs from its compiled copy, or has none.

A header says `// Example (tests/examples/FILE.cpp, "NAME"):` and shows what stands between
`// [NAME]` and `// [/NAME]` in that file, or a part of it. A name may have several such blocks:
between them a test does what the example leaves out. Every line of a block is shown by a header.
White space is not compared, because the formatter breaks and aligns lines in its own way.
"""
import pathlib
import re
import sys

LABEL = re.compile(r"// Example *[(:]")
HEAD = re.compile(r'// Example \((tests/examples/[\w./]+), "([^"]+)"\):$')
OPEN = re.compile(r"\s*// \[([^/\]][^\]]*)\]$")
CLOSE = re.compile(r"\s*// \[/([^\]]+)\]$")


class Copy:
    """The compiled code of one name: its words, the line of each, and which were shown."""

    def __init__(self):
        self.words, self.lines, self.shown = [], [], []

    def add(self, number, line):
        """Appends the words of a line."""
        for word in line.split():
            self.words.append(word)
            self.lines.append(number)
            self.shown.append(False)

    def show(self, words):
        """Marks where `words` stand in a row; False if they do not."""
        size = len(words)
        starts = [at for at in range(len(self.words) - size + 1)
                  if self.words[at:at + size] == words]
        for at in starts:
            self.shown[at:at + size] = [True] * size
        return bool(starts)

    def hidden(self):
        """Gives the lines that no header shows, without those that go on from such a line."""
        lines = sorted({line for line, shown in zip(self.lines, self.shown) if not shown})
        return [line for line in lines if line - 1 not in lines]


def copies_of(path, place, findings):
    """Gives what stands in the marked blocks of a file: name → Copy."""
    copies, name, opened_at = {}, None, 0
    for number, line in enumerate(path.read_text().splitlines(), 1):
        opening, closing = OPEN.match(line), CLOSE.match(line)
        if opening and name is None:
            name, opened_at = opening.group(1), number
            copies.setdefault(name, Copy())
        elif closing and closing.group(1) == name:
            if not copies[name].lines or copies[name].lines[-1] < opened_at:
                findings.append(f"{place}:{opened_at}: there is nothing in this block [{name}]")
            name = None
        elif opening or closing:
            findings.append(f"{place}:{number}: this marker does not fit the one before it")
        elif name is not None:
            copies[name].add(number, line)
    if name is not None:
        findings.append(f"{place}:{opened_at}: the marker [{name}] is not closed")
    return copies


def examples_of(path, place, findings):
    """Lists a header's Examples: (line, file, name, words)."""
    lines = [line.strip() for line in path.read_text().splitlines()]
    for number, line in enumerate(lines, 1):
        if not LABEL.match(line):
            continue
        head = HEAD.match(line)
        if not head:
            findings.append(f"{place}:{number}: an Example names its compiled copy: "
                            '`Example (tests/examples/FILE.cpp, "NAME"):`')
            continue
        shown, last = [], "//"
        for at, text in enumerate(lines[number:], number + 1):
            if text != "//" and not text.startswith("//   "):
                if text.startswith("//") and last != "//":
                    findings.append(f"{place}:{at}: the code of an Example is indented by three")
                break
            shown += text[2:].split()
            last = text
        yield number, head.group(1), head.group(2), shown


def check(root):
    """Compares all headers below `root` with its tests/examples; lists what is wrong."""
    findings = []
    copies = {}
    for path in sorted((root / "tests/examples").glob("*.cpp")):
        file = path.relative_to(root).as_posix()
        copies[file] = copies_of(path, file, findings)
    for header in sorted(root.glob("*/include/**/*.h")):
        file_of_header = header.relative_to(root).as_posix()
        for number, file, name, shown in examples_of(header, file_of_header, findings):
            place = f"{file_of_header}:{number}"
            if file not in copies:
                findings.append(f"{place}: there is no {file}")
            elif name not in copies[file]:
                findings.append(f"{place}: {file} has no block [{name}]")
            elif not shown:
                findings.append(f"{place}: this Example is empty")
            elif not copies[file][name].show(shown):
                findings.append(f"{place}: this differs from the block [{name}] of {file}")
    findings += [f"{file}:{line}: no header shows this line of the block [{name}]"
                 for file, named in copies.items() for name, copy in named.items()
                 for line in copy.hidden()]
    return findings


if __name__ == "__main__":
    found = check(pathlib.Path(sys.argv[1]))
    print("\n".join(found) or "every Example of a header is compiled as it stands")
    sys.exit(1 if found else 0)
