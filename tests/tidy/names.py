"""Rules of names: one spelling for each side of the bridge, and the closed list of Twisted's."""
import re

from blocks import blocks
from tree import Finding, rule

LIST = "docs/names.md"
CHECKER = ".clang-tidy"
CAMEL = re.compile(r"(?<![\w.$])(?<!->)(?<!::)[a-z][a-z0-9]*[A-Z]\w*")
# A part of a type's name that says nothing, unless the whole is a term: a TaskContext is what a
# task inherits, a CurrentContext is what gives it, a TlsContext is OpenSSL's word.
EMPTY_WORD = re.compile(r"(?:^|(?<=[a-z0-9]))(Handler|Manager|Context|Impl|Engine|Utils?|Helper)"
                        r"(?=[A-Z0-9]|$)")
# Not ours, but looked for by a library under this very name.
HOOKS = {"AbslHashValue", "AbslStringify"}
TERMS = {"TaskContext", "CurrentContext", "TlsContext"}
EMPTY_FILE = re.compile(r"(?:^|_)(utils?|helpers?|misc|impl|manager|common)(?=_|\.|$)")


def listed_names(tree):
    """Gives each name of the closed list with the number of its line."""
    names = {}
    for number, line in enumerate(tree.text(LIST).splitlines(), 1):
        if line.startswith("`"):
            for name in re.findall(r"`(\w+)`", line):
                names.setdefault(name, number)
    return names


def camel_names(file):
    """Yields line and name where a name in lowerCamelCase stands as one of our own."""
    for match in CAMEL.finditer(file.code):
        yield file.line_at(match.start()), match.group()


@rule
def camel_case_listed(tree):
    """A name in lowerCamelCase is on the closed list of docs/names.md."""
    names = listed_names(tree)
    for file in tree.cpp():
        for line, name in camel_names(file):
            if name not in names:
                yield Finding(file.path, line, f"'{name}' is not on the closed list of {LIST}: "
                                               "spell it in snake_case")


@rule
def listed_names_used(tree):
    """A name on the closed list of docs/names.md is one that a public header declares."""
    declared = {name for file in tree.public_headers() for name in re.findall(r"\w+", file.code)}
    for name, line in listed_names(tree).items():
        if name not in declared:
            yield Finding(LIST, line, f"no public header declares '{name}'")


@rule
def listed_names_sorted(tree):
    """The closed list is in alphabetical order."""
    names = listed_names(tree)
    for before, name in zip(names, list(names)[1:]):
        if name < before:
            yield Finding(LIST, names[name], f"'{name}' stands behind '{before}'")


@rule
def checker_knows_list(tree):
    """The names that .clang-tidy lets pass are those of docs/names.md."""
    if LIST not in tree.files:
        return
    text = tree.text(CHECKER)
    for number, line in enumerate(text.splitlines(), 1):
        if "IgnoredRegexp" not in line:
            continue
        ignored = re.search(r"\(([\w|]+)\)", "".join(re.sub(r"\s|\\$", "", each)
                                                    for each in text.splitlines()[number - 1:]))
        known = set(ignored.group(1).split("|")) if ignored else set()
        for name in sorted(set(listed_names(tree)) ^ (known - HOOKS)):
            where = LIST if name not in known else CHECKER
            yield Finding(CHECKER, number, f"'{name}' is only in {where}: both lists are one")
        return
    yield Finding(CHECKER, 1, f"no IgnoredRegexp lets the names of {LIST} pass")


@rule
def telling_type_names(tree):
    """A type is not called Handler, Manager, Context, Impl, Engine or Util; no `I` prefix."""
    for file in tree.cpp():
        found = [(block.start, block.name.split("::")[-1]) for block in blocks(file.code)
                 if block.kind in ("class", "enum")]
        found += [(match.start(), match.group(1)) for match in
                  re.finditer(r"\b(?:using|concept|class|struct)\s+(\w+)\s*[=;]", file.code)]
        for start, name in sorted(set(found)):
            match = EMPTY_WORD.search(name)
            if match and name not in TERMS:
                yield Finding(file.path, file.line_at(start),
                              f"'{match.group(1)}' in '{name}' says nothing: name what it is")
            if re.match(r"I[A-Z][a-z]", name):
                yield Finding(file.path, file.line_at(start), f"'{name}' has the prefix I: a base "
                                                              "class is called what it is")


@rule
def telling_file_names(tree):
    """A file is named for what it holds, in snake_case: no utils, helpers or misc."""
    for file in tree.cpp():
        name = file.path.split("/")[-1]
        if match := EMPTY_FILE.search(name):
            yield Finding(file.path, 1, f"'{match.group(1)}' says nothing: name what is in it")
        if not re.fullmatch(r"[a-z0-9_]+\.(?:h|cpp)", name):
            yield Finding(file.path, 1, "a file's name is in snake_case")
