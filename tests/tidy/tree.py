"""The source tree as the rules see it: files, their code without comments, and their comments."""
import ast
import dataclasses
import functools
import io
import pathlib
import re
import tokenize

FOLDERS = ("runtime", "threads", "net", "process", "samples", "tests", "cmake", "docs", ".ci")
MODULES = ("runtime", "threads", "net", "process")  # Lowest first: each sees those before it.

CPP_TOKEN = re.compile(
    r"""//[^\n]* | /\*.*?\*/
      | \bR"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)" | "(?:\\.|[^"\\\n])*"
      | (?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'""", re.S | re.X)
LINE_COMMENT = {".cmake": r"#.*", ".sh": r"(?:^|(?<=\s))#(?!!).*"}


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    """One break of a rule: where it is, and a sentence that says what is wrong."""
    path: str
    line: int
    sentence: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.sentence}"


def rule(function):
    """Marks a generator of Findings as a rule; its docstring is the rule."""
    assert function.__doc__, f"the rule {function.__name__} needs a docstring that says it"
    function.is_rule = True
    return function


def rules_of(module):
    """Lists the rules of a module in the order of their definition."""
    return [item for item in vars(module).values() if getattr(item, "is_rule", False)]


class File:
    """One file: its text, and what a rule reads of it."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.splitlines()
        name = pathlib.PurePosixPath(path)
        self.suffix = name.suffix
        if name.name == "CMakeLists.txt":
            self.suffix = ".cmake"
        elif text.startswith(("#!/bin/sh", "#!/usr/bin/env bash")):
            self.suffix = ".sh"
        self.is_cpp = self.suffix in (".h", ".cpp")
        self.module = path.split("/")[0]

    def line_at(self, offset):
        """Gives the number of the line that holds a position of the text."""
        return self.text.count("\n", 0, offset) + 1

    @functools.cached_property
    def _parts(self):
        """The code with comments and strings blanked at their places, and the comments."""
        comments = []

        def blank(match):
            token = match.group()
            if token.startswith("/"):
                comments.append((self.line_at(match.start()), token))
                return re.sub(r"[^\n]", " ", token)
            return token[0] + re.sub(r"[^\n]", " ", token[1:-1]) + token[-1]

        return CPP_TOKEN.sub(blank, self.text), comments

    @property
    def code(self):
        """C++ with every comment and the inside of every string turned to blanks."""
        return self._parts[0]

    @property
    def comment_tokens(self):
        """C++ comments as they are written: pairs of the first line's number and the text."""
        return self._parts[1]

    @functools.cached_property
    def comments(self):
        """Pairs of a line number and the text of a comment, in any of the tree's languages."""
        if self.is_cpp:
            found = []
            for first, token in self._parts[1]:
                text = token[2:] if token.startswith("//") else token[2:-2]
                found += [(first + i, line) for i, line in enumerate(text.split("\n"))]
            return found
        if self.suffix == ".py":
            return self._python_comments()
        pattern = LINE_COMMENT.get(self.suffix)
        if not pattern:
            return []
        matches = [(i, re.search(pattern, line)) for i, line in enumerate(self.lines, 1)]
        return [(i, match.group()[1:]) for i, match in matches if match]

    def _python_comments(self):
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        found = [(token.start[0], token.string[1:]) for token in tokens
                 if token.type == tokenize.COMMENT]
        documented = (ast.Module, ast.FunctionDef, ast.ClassDef)
        for node in ast.walk(ast.parse(self.text)):
            if isinstance(node, documented) and ast.get_docstring(node) is not None:
                first = node.body[0]
                lines = first.value.value.split("\n")
                found += [(first.lineno + i, line) for i, line in enumerate(lines)]
        return sorted(found)

    @functools.cached_property
    def comment_blocks(self):
        """Runs of whole-line comments: pairs of the first line's number and the lines."""
        blocks = []
        for number, line in enumerate(self.lines, 1):
            text = line.strip()
            if not text.startswith("//"):
                continue
            if blocks and blocks[-1][0] + len(blocks[-1][1]) == number:
                blocks[-1][1].append(text[2:])
            else:
                blocks.append((number, [text[2:]]))
        return blocks

    def block_above(self, line):
        """Gives the comment block that ends just above a line, or an empty one."""
        for first, texts in self.comment_blocks:
            if first + len(texts) == line:
                return first, texts
        return line, []

    def includes(self):
        """Yields line number, opening sign and name of each include."""
        for number, line in enumerate(self.lines, 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)', line)
            if match:
                yield number, match.group(1), match.group(2)


class Tree:
    """Every file of the project that a rule may look at."""

    def __init__(self, texts, root=None):
        self.root = root
        self.files = {path: File(path, text) for path, text in sorted(texts.items())}

    @classmethod
    def load(cls, root):
        """Reads the tree from disk; what is built or hidden is no part of it."""
        root = pathlib.Path(root)
        paths = [path for path in root.iterdir() if path.is_file()]
        for folder in FOLDERS:
            paths += [path for path in (root / folder).rglob("*") if path.is_file()]
        texts = {}
        for path in paths:
            if "__pycache__" in path.parts or path.suffix in (".pyc", ".swp"):
                continue
            try:
                texts[path.relative_to(root).as_posix()] = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
        return cls(texts, root)

    def __iter__(self):
        return iter(self.files.values())

    def cpp(self):
        """Every C++ file, tests included."""
        return [file for file in self if file.is_cpp]

    def code(self):
        """Every file that is code: C++, CMake, shell and Python."""
        return [file for file in self if file.is_cpp or file.suffix in (".cmake", ".sh", ".py")]

    def library(self):
        """The C++ files of the modules."""
        return [file for file in self.cpp() if file.module in MODULES]

    def public_headers(self):
        """The headers that are installed."""
        return [file for file in self.library() if file.path.split("/")[1] == "include"]

    def text(self, path):
        """Gives the text of a file, empty where there is none."""
        return self.files[path].text if path in self.files else ""
