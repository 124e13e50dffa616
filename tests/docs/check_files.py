"""Fails if a document names or links a file that does not exist."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
missing = []
for document in [root / "README.md", *sorted((root / "docs").rglob("*.md"))]:
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.M | re.S)
    named = re.findall(r"`((?:runtime|net|samples|tests|docs|cmake)/[\w./-]+)`", text)
    linked = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    missing += [f"{document}: {name}" for name in named if not (root / name).exists()]
    missing += [f"{document}: {link}" for link in linked if not (document.parent / link).exists()]
print("\n".join(missing) or "every file that the documents name exists")
sys.exit(1 if missing else 0)
