"""Runs a program of the documents; fails if it prints anything but what the document shows."""
import difflib
import pathlib
import subprocess
import sys

program, expected = sys.argv[1:3]
done = subprocess.run([program], stdout=subprocess.PIPE, text=True, timeout=30, check=True)
shown = pathlib.Path(expected).read_text()
sys.stdout.writelines(difflib.unified_diff(shown.splitlines(True), done.stdout.splitlines(True),
                                           "the document", "the program"))
sys.exit(0 if done.stdout == shown else 1)
