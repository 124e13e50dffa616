"""The braces of a C++ file that are not inside a function: namespaces, types, functions."""
import dataclasses
import re

CLASS = re.compile(r"\b(class|struct|union)\s+(?:\[\[[^\]]*\]\]\s*)*(?:alignas\([^)]*\)\s*)?"
                   r"(?P<name>\w+(?:::\w+)*)\s*(?P<special><.*>)?\s*(?:final\s*)?"
                   r"(?::(?!:).*)?$", re.S)
ENUM = re.compile(r"\benum\b(?:\s+(?:class|struct))?\s*(?P<name>\w*)\s*(?::(?!:)[^()]*)?$", re.S)
NAMESPACE = re.compile(r"\bnamespace\b\s*(?P<name>[\w:]*)$")


@dataclasses.dataclass
class Block:
    """A pair of braces and what stands before it."""
    kind: str  # namespace, class, enum, function or other
    name: str
    start: int  # Where its first word is.
    end: int    # Where its closing brace is.
    scope: tuple  # The names of the blocks around it.
    special: bool = False  # A specialization of a class template.


def without_templates(header):
    """Blanks `template <…>` so that its `class` is not taken for a type's."""
    out = list(header)
    for match in re.finditer(r"\btemplate\s*<", header):
        depth, i = 1, match.end()
        while i < len(header) and depth:
            depth += {"<": 1, ">": -1}.get(header[i], 0)
            i += 1
        out[match.start():i] = " " * (i - match.start())
    return "".join(out)


def classify(header):
    """Tells the kind, the name and whether it is a specialization, from what precedes a brace."""
    header = without_templates(header).rstrip()
    if match := NAMESPACE.search(header):
        return "namespace", match.group("name"), False
    if match := ENUM.search(header):
        return "enum", match.group("name"), False
    match = CLASS.search(header)
    if match and not header.endswith(")"):
        return "class", match.group("name"), bool(match.group("special"))
    if "(" in header:
        name = re.search(r"([~\w:]+|operator\W{1,3})\s*\(", header)
        return "function", name.group(1).strip() if name else "", False
    return "other", "", False


def blocks(code):
    """Lists the blocks of blanked code; it does not look into functions."""
    code = re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", lambda match: re.sub(r"[^\n]", " ", match.group()),
                  code, flags=re.M)
    found, stack = [], []
    since, inside = 0, 0  # Where the present declaration begins; depth within a function.
    previous = None
    for match in re.finditer(r"[{};]|\b(?:public|private|protected)\s*:(?!:)", code):
        sign, at = match.group(), match.start()
        if inside:
            inside += {"{": 1, "}": -1}.get(sign, 0)
            if inside == 0:
                previous = stack.pop()
                previous.end, since = at, at + 1
        elif sign == "{":
            header = code[since:at]
            kind, name, special = classify(header)
            begin = since + len(header) - len(header.lstrip())
            bare = header.strip()
            if previous and (not bare or bare[0] in ",)"):  # After braces of an initializer.
                found.remove(previous)
                kind, name, begin = "function", previous.name, previous.start
            scope = tuple(each.name for each in stack)
            block = Block(kind, name, begin, at, scope, special)
            found.append(block)
            stack.append(block)
            since, previous = at + 1, None
            inside = 1 if kind in ("function", "other") else 0
        elif sign == "}":
            if stack:
                stack.pop().end = at
            since, previous = at + 1, None
        else:
            since, previous = match.end(), None
    return found
