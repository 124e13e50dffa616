"""Asks `coil hash` for what hashlib computes as well."""
import hashlib
import os
import pty
import signal
import subprocess
import sys
import tempfile
import time

coil, reactor = sys.argv[1:3]


def command(*arguments):
    return [coil, "--reactor", reactor, "hash", *arguments]


def run(*arguments):
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=60)


def on_terminal(*arguments):
    """Gives the status and what a terminal would be sent."""
    ours, its = pty.openpty()
    child = subprocess.Popen(command(*arguments), stdout=its, stderr=its)
    os.close(its)
    said = b""
    while True:
        try:
            said += os.read(ours, 65536)
        except OSError:  # The end of a terminal's other side.
            break
    os.close(ours)
    return child.wait(timeout=60), said.decode()


with tempfile.TemporaryDirectory() as folder:
    files, expected = [], []
    for number, size in enumerate((0, 1, 65536, 3_000_003, 17)):
        path = os.path.join(folder, f"file {number}")
        with open(path, "wb") as file:
            file.write(bytes((at * 7 + number) % 251 for at in range(size)))
        with open(path, "rb") as file:
            expected.append(f"{hashlib.sha256(file.read()).hexdigest()}  {path}")
        files.append(path)

    for jobs in ("1", "4"):
        result = run("--jobs", jobs, *files)
        assert result.returncode == 0 and result.stderr == "", result
        assert result.stdout.splitlines() == expected, result.stdout

    # Each error is told by its file, and the others are hashed all the same.
    missing = os.path.join(folder, "missing")
    result = run(files[0], missing, folder, files[4])
    assert result.returncode == 1, result
    assert result.stdout.splitlines() == [expected[0], expected[4]], result.stdout
    assert result.stderr.splitlines() == [f"coil: {missing}: No such file or directory",
                                          f"coil: {folder}: Is a directory"], result.stderr

    status, said = on_terminal(*files)
    assert status == 0
    assert "] " in said and " %" in said and "\r\x1b[K" in said, said
    shown = [line.strip("\r").rsplit("\x1b[K", 1)[-1] for line in said.split("\n")]
    assert [line for line in shown if line] == expected, shown

    # A pipe that nobody writes to blocks its thread for ever: a second Ctrl-C does not wait for it.
    pipe = os.path.join(folder, "pipe")
    os.mkfifo(pipe)
    child = subprocess.Popen(command(pipe), stderr=subprocess.PIPE, text=True)
    names = set()
    while "coil-0" not in names and child.poll() is None:
        names = set()
        for task in os.listdir(f"/proc/{child.pid}/task"):
            try:
                with open(f"/proc/{child.pid}/task/{task}/comm", encoding="utf-8") as file:
                    names.add(file.read().strip())
            except FileNotFoundError:
                pass
    deadline = time.monotonic() + 60
    while child.poll() is None and time.monotonic() < deadline:
        child.send_signal(signal.SIGINT)
        time.sleep(0.05)  # A pace, not an order: it ends when it has heard two.
    assert child.returncode == -signal.SIGINT, child.returncode
print("every file was hashed right")
