"""Fails if a document names or links a file, or a heading of a document, that does not exist."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])


def anchors(document):
    """The names by which the headings of a document are linked."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


missing = []
for document in [root / "README.md", *sorted((root / "docs").rglob("*.md"))]:
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.M | re.S)
    named = re.findall(r"`((?:runtime|net|process|samples|tests|docs|cmake)/[\w./-]+)`", text)
    linked = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    missing += [f"{document}: {name}" for name in named if not (root / name).exists()]
    for link in linked:
        file, _, anchor = link.partition("#")
        target = document.parent / file if file else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            missing.append(f"{document}: {link}")
print("\n".join(missing) or "every file that the documents name exists")
sys.exit(1 if missing else 0)
