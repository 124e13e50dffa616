"""Runs a program of the documents; fails if it prints anything but what the document shows.

What it writes to standard error, such as coil's log, is shown by no document and fails too.
"""
import difflib
import pathlib
import subprocess
import sys

program, expected = sys.argv[1:3]
done = subprocess.run([program], capture_output=True, text=True, timeout=30, check=False)
shown = pathlib.Path(expected).read_text()
sys.stdout.writelines(difflib.unified_diff(shown.splitlines(True), done.stdout.splitlines(True),
                                           "the document", "the program"))
if done.stderr:
    print(f"on standard error: {done.stderr}")
if done.returncode != 0:
    print(f"it ended with {done.returncode}")
sys.exit(0 if done.stdout == shown and not done.stderr and done.returncode == 0 else 1)
