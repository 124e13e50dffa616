"""Writes each C++ block of the Markdown files to a source file of its own; prints their names."""
import pathlib
import re
import sys

target = pathlib.Path(sys.argv[1])
target.mkdir(parents=True, exist_ok=True)
names = []
for document in map(pathlib.Path, sys.argv[2:]):
    blocks = re.findall(r"^```cpp\n(.*?)^```", document.read_text(), re.M | re.S)
    for number, block in enumerate(blocks):
        if "int main" not in block:
            head = "#include <coil/net.h>\n#include <coil/runtime.h>\n\n#include <cstdio>\n\n"
            block = (f"{head}namespace {document.stem}_{number} {{\nusing namespace coil;\n"
                     f"{block}}}\n")
        source = target / f"{document.stem}_{number}.cpp"
        if not source.exists() or source.read_text() != block:
            source.write_text(block)
        names.append(str(source))
print(";".join(names))
