"""Rules of size: what a reader can hold in the head, and on a screen."""
import ast

from blocks import blocks
from tree import Finding, rule

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100


@rule
def file_length(tree):
    """A file has at most 400 lines."""
    for file in tree.code():
        if len(file.lines) > FILE_LINES_MAX:
            yield Finding(file.path, FILE_LINES_MAX + 1,
                          f"{len(file.lines)} lines, and {FILE_LINES_MAX} is the most: "
                          "find the second thing that it does")


@rule
def function_length(tree):
    """A function has at most 70 lines, from its name to its closing brace."""
    for file in tree.code():
        if file.is_cpp:
            spans = [(block.name, file.line_at(block.start), file.line_at(block.end))
                     for block in blocks(file.code) if block.kind == "function"]
        elif file.suffix == ".py":
            spans = [(node.name, node.lineno, node.end_lineno)
                     for node in ast.walk(ast.parse(file.text))
                     if isinstance(node, ast.FunctionDef)]
        else:
            continue
        for name, first, last in spans:
            if last - first + 1 > FUNCTION_LINES_MAX:
                yield Finding(file.path, first, f"{name} has {last - first + 1} lines, and "
                                                f"{FUNCTION_LINES_MAX} is the most")


@rule
def column_limit(tree):
    """A line of code has at most 100 columns, no tabs, and no blanks at its end."""
    for file in tree.code():
        for number, line in enumerate(file.lines, 1):
            if len(line) > COLUMNS_MAX:
                yield Finding(file.path, number,
                              f"the line has {len(line)} columns, and {COLUMNS_MAX} is the most")
            if line != line.rstrip():
                yield Finding(file.path, number, "the line ends in blanks")
            if "\t" in line:
                yield Finding(file.path, number, "the line has a tab: use spaces")
