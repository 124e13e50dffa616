"""Rules of comments: labels, examples, and what a comment never speaks of."""
import difflib
import re

from blocks import blocks
from tree import Finding, rule

LABELS = ("Example", "Requires", "Guarantees", "Errors", "Cancellation", "Threads", "Buffers",
          "Units", "Cost", "Source")
# What other projects write for one of the labels.
FOREIGN = {"Throws": "Errors", "Raises": "Errors", "Preconditions": "Requires",
           "Precondition": "Requires", "Ensures": "Guarantees", "Postconditions": "Guarantees",
           "Returns": None, "Return": None, "Note": None, "Notes": None, "Warning": None,
           "Param": None, "Params": None, "Parameters": None, "Usage": "Example",
           "Complexity": "Cost", "See": "Source", "Author": None, "Safety": "Threads"}
LABEL_LINE = re.compile(r"^ (?P<word>[A-Z][a-z]+)(?: \([^)]*\))?:(?:\s|$)")
CANCELLATION = ("Cancellable; if cancelled, nothing was transferred.",
                "Cancellable; some bytes may have been transferred.",
                "Not cancellable; completes promptly.")

PLANS = [(re.compile(pattern, flags), what) for pattern, flags, what in (
    (r"\b(?:FIXME|XXX|HACK|WIP)\b", 0, "is a note to oneself"),
    (r"\bTODO\b(?!.*https?://)", 0, "needs the link of an issue"),
    (r"(?<!waits )\bfor (?:now|the time being|the moment)\b", re.I, "speaks of a plan"),
    (r"\b(?:not|isn't|aren't) yet (?:\w+ )?(?:implemented|supported|done|written|handled|ported|"
     r"there|possible|available)\b", re.I, "speaks of a plan"),
    (r"\b(?:will|shall|should|has to|have to|needs to|remains to) be (?:added|implemented|"
     r"supported|removed|replaced|extended|improved|refactored|ported)\b"
     r"(?! (?:from|to|by|with|in|at|on)\b)", re.I, "speaks of a plan"),
    (r"\b(?:add|change|do|fix|handle|implement|improve|remove|replace|support)(?:ed|d|s)? "
     r"(?:this|it|that|them )?(?:\w+ )?later\b", re.I, "speaks of a plan"),
    (r"\b(?:in|for) (?:the|a) (?:near |later |future )?(?:future|release|milestone|iteration|"
     r"sprint)\b", re.I, "speaks of a plan"),
    (r"\bfuture (?:work|versions?|releases?|steps?|tasks?)\b", re.I, "speaks of a plan"),
    (r"\b(?:a|the|is|are|just|only) (?:a )?(?:stubs?|stubbed|placeholders?|dummy implementation)\b",
     re.I, "speaks of work that is not done"),
    (r"\b(?:temporary|quick|dirty|ugly) (?:fix|hack|solution|workaround)\b", re.I,
     "speaks of work that is not done"),
    (r"\b(?:milestone|roadmap|work in progress|as (?:requested|discussed))\b", re.I,
     "speaks of a plan"),
    (r"\b(?:phase|milestone|task|ticket|sprint|stage) #?\d+\b", re.I, "numbers a task"),
    (r"(?<!gcc's )(?<!clang's )(?:\b(?:issue|bug|PR|pull request) #?|(?<![\w&])#)\d+\b", re.I,
     "numbers an issue"),
    (r"\b(?:19|20)\d\d-\d\d(?:-\d\d)?\b", 0, "is a date"),
    (r"\b(?:January|February|March|April|June|July|August|September|October|November|December) "
     r"(?:\d|of \d)", 0, "is a date"),
    (r"\bv[1-35789](?:\.\d+)*\b", 0, "is a version of ours: say what holds"),
    (r"\b(?:design|contract|pitfalls|portability|test_plan|wishes|data_path)\.md\b", 0,
     "is no page of this repository"),
    (r"\bNOLINT", 0, "switches a check off: mend the code, or the check in .clang-tidy"),
)]
BRITISH = re.compile(
    r"\b\w*(?:behaviour|colour|favour|honour|neighbour|flavour|labour|endeavour)\w*\b|"
    r"\b(?:initiali|seriali|synchroni|optimi|normali|generali|speciali|minimi|maximi|recogni|"
    r"organi|summari|categori|prioriti|reali|utili|finali|canonicali)s"
    r"(?:e[sd]?|ing|ations?|ers?)\b|\b(?:analysed?|centre[sd]?|defence|licence|grey|whilst|"
    r"amongst|artefacts?)\b", re.I)


def is_public(path):
    """Tells whether a path is that of a header that users read."""
    return "/include/" in path and path.endswith(".h") and "/detail/" not in path


def labels_of(texts):
    """Yields index, word and text of each label of a comment block; code of examples is none."""
    for index, text in enumerate(texts):
        match = LABEL_LINE.match(text)
        if match:
            rest = [text[match.end():].strip()]
            for more in texts[index + 1:]:
                if not more.startswith("    ") or not more.strip():
                    break
                rest.append(more.strip())
            yield index, match.group("word"), " ".join(rest)


@rule
def label_spelling(tree):
    """A label is one of the ten, spelled as they are."""
    for file in tree.library():
        types = {block.name for block in blocks(file.code) if block.kind == "class"}
        for first, texts in file.comment_blocks:
            for index, word, _ in labels_of(texts):
                if word in LABELS or word in types:  # `// Error: why something failed`
                    continue
                near = difflib.get_close_matches(word, LABELS, 1, 0.75)
                if word in FOREIGN or near:
                    right = FOREIGN.get(word) or (near[0] if near else None)
                    advice = f"the label is '{right}'" if right else "say it in a sentence"
                    yield Finding(file.path, first + index, f"'{word}:' is no label: {advice}")


@rule
def label_order(tree):
    """Labels stand in their order, each once in a comment."""
    for file in tree.library():
        for first, texts in file.comment_blocks:
            last = None
            for index, word, _ in labels_of(texts):
                if word not in LABELS or (first == 1 and index == 0):
                    continue
                if last is not None and LABELS.index(word) <= LABELS.index(last):
                    problem = "twice" if word == last else f"after '{last}'"
                    yield Finding(file.path, first + index, f"'{word}' stands {problem}: the order "
                                                            f"is {', '.join(LABELS)}")
                last = word


@rule
def label_indent(tree):
    """A label's text goes on under its first word, not at the margin."""
    for file in tree.library():
        for first, texts in file.comment_blocks:
            for index, word, _ in labels_of(texts):
                following = texts[index + 1] if index + 1 < len(texts) else ""
                if (word in LABELS and word != "Example" and re.match(r" \S", following)
                        and not LABEL_LINE.match(following)):
                    yield Finding(file.path, first + index + 1,
                                  f"the text of '{word}' goes on here: indent it like its start")


@rule
def cancellation_sentence(tree):
    """What Cancellation says begins with one of the three sentences."""
    for file in tree.library():
        for first, texts in file.comment_blocks:
            for index, word, text in labels_of(texts):
                if word == "Cancellation" and first + index != 1:
                    if not text.startswith(CANCELLATION):
                        yield Finding(file.path, first + index, "Cancellation begins with one of: "
                                      + " / ".join(f"\"{each}\"" for each in CANCELLATION))


@rule
def class_example(tree):
    """A public class has an Example: its own, another that shows it, or one for all its header."""
    for file in tree.public_headers():
        if not is_public(file.path):
            continue
        opening = next(iter(file.comment_blocks), (0, []))
        if opening[0] == 1 and any(text.startswith(" Example") for text in opening[1]):
            continue
        examples = set()
        for _, texts in file.comment_blocks:
            shown = False
            for text in texts:
                shown = text.startswith(" Example") or (shown and not re.match(r" \S", text))
                if shown and not text.startswith(" Example"):
                    examples.update(re.findall(r"\w+", text))
        for block in blocks(file.code):
            if block.kind != "class" or block.special or not file.code[block.start:].strip():
                continue
            if not set(block.scope) <= {"coil", "coil::testing"}:
                continue  # Nested, or in detail.
            line = file.line_at(block.start)
            _, texts = file.block_above(line)
            if not any(text.startswith(" Example") for text in texts) and \
                    block.name not in examples:
                yield Finding(file.path, line, f"{block.name} is public, and no Example of this "
                                               "header shows it")


@rule
def plans(tree):
    """A comment says what is: no plans, task numbers, dates, notes to oneself."""
    for file in tree.code():
        for line, text in file.comments:
            for pattern, what in PLANS:
                if match := pattern.search(text):
                    yield Finding(file.path, line, f"'{match.group()}' {what}")
                    break


@rule
def american_spelling(tree):
    """Comments and documents are spelled the American way."""
    for file in tree:
        lines = enumerate(file.lines, 1) if file.suffix == ".md" else file.comments
        for line, text in lines:
            for match in BRITISH.finditer(text):
                yield Finding(file.path, line, f"'{match.group()}' is British: spell it American")


@rule
def comment_form(tree):
    """A comment is `//`; what is documented stands above, without a tool's tags."""
    for file in tree.cpp():
        for line, token in file.comment_tokens:
            match = re.match(r"/\*(?!\w+=\*/)|//[/!]|// *[@\\](?:brief|param|return)\b", token)
            if match:
                yield Finding(file.path, line,
                              f"'{match.group()}' is not how this project comments: use '// '")


@rule
def file_opening(tree):
    """A file opens with a sentence that says what it is responsible for."""
    for file in tree.code():
        if file.suffix == ".py":
            opens = file.text.startswith('"""') or file.text.startswith('#!')
        elif file.suffix == ".sh":
            opens = any(text.strip() for line, text in file.comments if line == 2)
        else:
            sign = "// " if file.is_cpp else "# "
            opens = file.text.startswith(sign)
        if not opens and file.text.strip():
            yield Finding(file.path, 1, "the file does not open with a sentence on what it is for")
