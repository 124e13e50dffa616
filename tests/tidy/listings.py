"""Rules of listings: what stands in one place and must be named in another."""
import itertools
import posixpath
import re

from comments import is_public
from tree import MODULES, Finding, rule

COMMAND = re.compile(r"(\w+)\s*\(((?:[^()\"]|\"(?:\\.|[^\"\\])*\"|\([^()]*\))*)\)")


def expanded(word, values):
    """Gives what a CMake word may stand for: its variables replaced by each of their values."""
    parts = re.split(r"\$\{(\w+)\}", word)
    choices = [[part] if i % 2 == 0 else values.get(part, [""]) for i, part in enumerate(parts)]
    return ["".join(choice) for choice in itertools.product(*choices)]


def words_of(text):
    """Lists every word of a CMake file, with loops and variables of lists expanded."""
    text = re.sub(r"#[^\n]*", "", text)
    values = {"CMAKE_CURRENT_SOURCE_DIR": ["."], "PROJECT_SOURCE_DIR": ["/"],
              "COIL_SYSTEM": ["posix", "windows"]}
    words = set()
    for match in COMMAND.finditer(text):
        arguments = match.group(2).split()
        if match.group(1) == "foreach":
            name, *rest = arguments
            if rest[:2] == ["IN", "LISTS"]:
                values[name] = [value for each in rest[2:] for value in values.get(each, [])]
            else:
                values[name] = rest[2:] if rest[:2] == ["IN", "ITEMS"] else rest
        elif match.group(1) == "set" and arguments:
            values[arguments[0]] = [value for each in arguments[1:]
                                    for value in expanded(each, values)]
        for word in arguments:
            words.update(expanded(word, values))
    return words


def listed_files(tree):
    """Gives the paths of all files that build files name."""
    paths = set()
    for file in tree:
        if file.path.endswith("CMakeLists.txt"):
            here = posixpath.dirname(file.path)
            for word in words_of(file.text):
                path = word.lstrip("/") if word.startswith("/") else posixpath.join(here, word)
                paths.add(posixpath.normpath(path))
    return paths


@rule
def file_listed(tree):
    """A C++ file is named by a build file."""
    listed = listed_files(tree)
    for file in tree.cpp():
        if file.path not in listed:
            yield Finding(file.path, 1, "no CMakeLists.txt names this file")


def covered_headers(tree):
    """Gives the headers that tests cover: by a `Covers:` comment, or by their name."""
    covered = set()
    for file in tree.cpp():
        if file.module != "tests":
            continue
        parts = file.path.split("/")
        if len(parts) == 3 and parts[1] in MODULES and parts[2].endswith("_test.cpp"):
            covered.add(parts[2].removesuffix("_test.cpp") + ".h")
        for _, texts in file.comment_blocks:
            text = " ".join(texts)
            if "Covers:" in text:
                covered.update(re.findall(r"[\w/]+\.h\b", text.split("Covers:")[1]))
    return covered


@rule
def header_tested(tree):
    """A public header has a test: tests/<module>/<header>_test.cpp, or one that `Covers:` it."""
    covered = covered_headers(tree)
    for file in tree.public_headers():
        folder, name = file.path.split("/")[-2:]
        if not is_public(file.path) or folder == "coil":
            continue
        wanted = {name, f"{folder}/{name}", f"coil/{folder}/{name}"}
        if folder == "testing":
            wanted.discard(name)
        if not wanted & covered:
            yield Finding(file.path, 1,
                          f"no test covers this header: add tests/{file.module}/"
                          f"{name[:-2]}_test.cpp, or name it in a test's `// Covers:`")


@rule
def covers_exist(tree):
    """A header that a `Covers:` comment names is there."""
    names = {"/".join(file.path.split("/")[-count:]) for file in tree.library()
             for count in (1, 2, 3)}
    for file in tree.cpp():
        for first, texts in file.comment_blocks if file.module == "tests" else ():
            shown = False
            for index, text in enumerate(texts):
                shown = shown or "Covers:" in text
                for name in re.findall(r"[\w/]+\.(?:h|cpp)\b", text) if shown else ():
                    if name not in names:
                        yield Finding(file.path, first + index, f"there is no '{name}' to cover")


@rule
def umbrella_complete(tree):
    """The header coil/<module>.h leads to every public header of its module."""
    for module in MODULES:
        umbrella = tree.files.get(f"{module}/include/coil/{module}.h")
        if umbrella is None:
            continue
        included, new = set(), {f"coil/{module}.h"}
        while new:
            included |= new
            files = [tree.files.get(f"{module}/include/{name}") for name in new]
            new = {name for file in files if file for _, _, name in file.includes()} - included
        for file in tree.public_headers():
            name = file.path.removeprefix(f"{module}/include/")
            if name.startswith(f"coil/{module}/") and is_public(file.path) and \
                    name not in included:
                yield Finding(umbrella.path, 1, f"<{name}> is not among the headers of {module}")


@rule
def options_documented(tree):
    """Every option of the build is in docs/building.md, and no other."""
    page, source = "docs/building.md", "cmake/CoilOptions.cmake"
    pattern = {page: r"^\| `(COIL_\w+)`", source: r"^(?:coil_option|set)\((COIL_\w+)[^)]*?"}
    found = {}
    for path in (page, source):
        found[path] = {}
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            match = re.match(pattern[path], line)
            if match and match.group(1) != "COIL_OPTION_NAMES":
                found[path][match.group(1)] = number
    for path, other in ((page, source), (source, page)):
        for name, number in found[path].items():
            if name not in found[other]:
                yield Finding(path, number, f"the option {name} is missing in {other}")
