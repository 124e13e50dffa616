"""What a user sees whose kernel has a ring and not the buffers for it: the same by other means."""
import pathlib
import socket
import subprocess
import sys

from server import Server

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import tracing  # noqa: E402

coil = sys.argv[1]


def features(prefix=()):
    """The line of `coil reactors` about the ring."""
    done = subprocess.run([*prefix, coil, "reactors"], capture_output=True, text=True, timeout=30,
                          check=True)
    return next(line for line in done.stdout.splitlines() if line.startswith("io_uring"))


def echoes(prefix):
    """Sends small pieces, and then a large one."""
    server = Server(coil, "io_uring", "echo", "--listen", "tcp:0:interface=127.0.0.1",
                    prefix=prefix)
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as peer:
        for text in [b"small", b"words", b"large" * 10_000]:
            peer.sendall(text)
            got = b""
            while len(got) < len(text):
                chunk = peer.recv(1 << 20)
                assert chunk, f"the stream ended after {len(got)} of {len(text)} bytes"
                got += chunk
            assert got == text, (text[:10], got[:10])
    said = server.stop_traced()
    assert said == "", said


tracing.require("io_uring_register")
usual = features()
if "multishot receives into" not in usual or "incremental" not in usual:
    tracing.skip(f"this ring lacks the buffers anyway: {usual}")
# The first call of a ring asks what it can do, and then there is one for each kind of buffers.
for which, error, said, unsaid in (
        ("2+", "ENOMEM", "receives by polls; not used: multishot, incremental", "KiB"),
        ("2+", "EINVAL", "receives by polls; not used: multishot, incremental", "KiB"),
        ("3", "EINVAL", "multishot receives into 64 x 16 KiB; not used: incremental", " and ")):
    prefix = tracing.injecting("io_uring_register", f"{error}:when={which}")
    line = features(prefix)
    assert said in line and unsaid not in line, (which, error, line)
    echoes(prefix)
print("without buffers for the ring: polls, and a line that says so")
