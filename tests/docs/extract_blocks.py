"""Writes each C++ block of the Markdown files to a source file of its own.

Prints the sources that are only compiled; the file `programs` lists those that are run as well. A
program is run if a block of text follows it at once: that is what it must print.
"""
import pathlib
import re
import sys

BLOCK = re.compile(r"^```cpp\n(.*?)^```\n(?:\n?```text\n(.*?)^```$)?", re.M | re.S)
HEAD = ("#include <coil/net.h>\n#include <coil/process.h>\n#include <coil/runtime.h>\n"
        "#include <coil/threads.h>\n\n"
        "#include <csignal>\n#include <cstdio>\n\n")


def write(path, text):
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


target = pathlib.Path(sys.argv[1])
target.mkdir(parents=True, exist_ok=True)
sources, programs = [], []
for document in map(pathlib.Path, sys.argv[2:]):
    for number, (block, output) in enumerate(BLOCK.findall(document.read_text())):
        name = f"{re.sub(r'^(?=[0-9])', 'tour_', document.stem)}_{number}"
        if "int main" not in block:
            block = f"{HEAD}namespace {name} {{\nusing namespace coil;\n{block}}}\n"
        write(target / f"{name}.cpp", block)
        if output and "int main" in block:
            write(target / f"{name}.txt", output)
            programs.append(name)
        else:
            sources.append(str(target / f"{name}.cpp"))
(target / "programs").write_text("".join(f"{name}\n" for name in programs))
print(";".join(sources))
