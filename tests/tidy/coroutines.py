"""Rules of closures and coroutines: who owns the captures while a coroutine is suspended."""
import dataclasses
import functools
import re

from tree import Finding, rule

# Functions that keep what they are given as long as it runs: `spawn` moves it into the child, and
# what is called with_… runs it to its end before it returns.
KEEPERS = re.compile(r"^(?:spawn|with_\w+)$")
LAMBDA = re.compile(r"(?<!\[)\[(?!\[)")
AWAITS = re.compile(r"\bco_(?:await|return|yield)\b")
# The forms that gcc 12 breaks are written down where the compilers are tried with them.
TRIALS = "tests/compiler/"


@dataclasses.dataclass
class Lambda:
    """One lambda of a file: its captures, and where its parts are."""
    start: int
    end: int  # Behind the closing brace.
    captures: str
    body: str


def closing(code, at):
    """Gives the place of the bracket that closes the one at a place, or -1."""
    depth = 0
    for i in range(at, len(code)):
        if code[i] in "([{":
            depth += 1
        elif code[i] in ")]}":
            depth -= 1
            if depth == 0:
                return i
    return -1


@functools.lru_cache(maxsize=None)
def lambdas(code):
    """Lists the lambdas of blanked code, the outer ones first."""
    found = []
    for match in LAMBDA.finditer(code):
        before = re.search(r"(\w+|\S)?\s*$", code[:match.start()]).group(1) or ""
        if before not in ("return", "co_return", "co_await", "co_yield") and \
                re.match(r"[\w\])]", before):
            continue  # A subscript or an array.
        end = closing(code, match.start())
        head = re.compile(r"\s*(?:<[^{}]*?>)?\s*").match(code, end + 1).end()
        if end < 0 or head >= len(code):
            continue
        if code[head] == "(":
            head = closing(code, head) + 1
        rest = re.compile(r"[^{};,()]*(?:\([^()]*\)[^{};,()]*)*").match(code, head)
        brace = rest.end()
        if brace >= len(code) or code[brace] != "{":
            # A return type may hold commas between angle brackets.
            rest = re.compile(r"[-\w\s:<>,*&]*(?=\{)").match(code, head)
            if not rest:
                continue
            brace = rest.end()
        last = closing(code, brace)
        if last > 0:
            found.append(Lambda(match.start(), last + 1,
                                code[match.start() + 1:end].strip(), code[brace + 1:last]))
    return found


def is_coroutine(closure):
    """Tells whether a lambda awaits itself, not only in a lambda within it."""
    body = closure.body
    for inner in lambdas(body):
        if "co_" in inner.body:
            body = body[:inner.start] + " " * (inner.end - inner.start) + body[inner.end:]
    return bool(AWAITS.search(body))


def place(code, closure):
    """Tells how a lambda is used: named, called at once, returned, or passed to a function."""
    if re.match(r"\s*\(", code[closure.end:closure.end + 80]):
        return "called", statement_before(code, closure.start)
    before = statement_before(code, closure.start)
    if re.search(r"\b(?:return|co_return)\s*$", before):
        return "returned", before
    depth = 0
    for i in range(closure.start - 1, -1, -1):
        if code[i] in ")]}":
            depth += 1
        elif code[i] in "([{":
            if depth == 0:
                callee = re.search(r"(\w+)\s*(?:<[^;{}()]*>)?\s*$", code[:i])
                return ("passed", callee.group(1) if callee else "") if code[i] != "{" else \
                    ("named", "")
            depth -= 1
        elif code[i] in ";=" and depth == 0 and code[i - 1] not in "=<>!":
            return "named", ""
    return "named", ""


def statement_before(code, at):
    """Gives the text of the statement that a place is in, as far as it precedes the place."""
    depth = 0
    for i in range(at - 1, -1, -1):
        if code[i] in ")]}":
            depth += 1
            if code[i] == "}" and depth == 1 and re.match(r"\}\s*\w", code[i:at]):
                return code[i + 1:at]
        elif code[i] in "([{":
            if depth == 0 and code[i] == "{":
                return code[i + 1:at]
            depth = max(0, depth - 1)
        elif code[i] == ";" and depth == 0:
            return code[i + 1:at]
    return code[:at]


def awaits_before(code, closure):
    """Tells whether the expression that a lambda is written in is one that awaits."""
    return bool(re.search(r"\bco_(?:await|yield)\b", statement_before(code, closure.start)))


@rule
def capturing_coroutine(tree):
    """A capturing lambda that is a coroutine is named, kept by its callee, or awaited at once."""
    for file in tree.cpp():
        for closure in lambdas(file.code):
            if not closure.captures or not is_coroutine(closure):
                continue
            use, detail = place(file.code, closure)
            line = file.line_at(closure.start)
            if use == "called" and not re.search(r"\bco_await\s*$", detail):
                yield Finding(file.path, line,
                              "the captures of this coroutine die with the closure that is called "
                              "here: await it at once, or name it on its own line")
            elif use == "returned":
                yield Finding(file.path, line,
                              "this closure is a coroutine and leaves its scope: its captures may "
                              "die before the first resumption")
            elif use == "passed" and not KEEPERS.match(detail):
                yield Finding(file.path, line,
                              f"'{detail}' may start this coroutine after the closure has died: "
                              "name the closure on its own line, then pass it")


@rule
def closure_in_await(tree):
    """A closure that owns captures is not written within an expression that awaits."""
    for file in tree.cpp():
        if file.path.startswith(TRIALS):
            continue
        for closure in lambdas(file.code):
            owned = [each.strip() for each in closure.captures.split(",") if each.strip()]
            owned = [each for each in owned if each[0] != "&" and each not in ("this", "*this")]
            if owned and awaits_before(file.code, closure):
                yield Finding(file.path, file.line_at(closure.start),
                              "gcc 12 destroys this closure twice, as it captures by value inside "
                              "an expression with co_await: name it on its own line")


@rule
def list_in_await(tree):
    """An aggregate is not made in braces within an expression that awaits."""
    for file in tree.cpp():
        if file.path.startswith(TRIALS):
            continue
        for match in re.finditer(r"\bco_await\b[^;{}]*[(,]\s*\{\s*\.", file.code):
            yield Finding(file.path, file.line_at(match.end()),
                          "gcc 12 destroys this aggregate twice, as it is a temporary of an "
                          "expression with co_await: name it on its own line")
