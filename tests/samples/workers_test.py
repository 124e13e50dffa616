"""Talks to `coil echo --workers N`: every byte comes back, one summary, and an end in any case."""
import pathlib
import re
import signal
import sys

from server import Server, connect, echo_of_many, read

coil, reactor = sys.argv[1:3]


def start(*arguments):
    return Server(coil, reactor, "echo", "--listen", "tcp:0:interface=127.0.0.1", *arguments)


def threads_of(server):
    """The names of its threads."""
    tasks = pathlib.Path(f"/proc/{server.process.pid}/task")
    return [(task / "comm").read_text().strip() for task in tasks.iterdir()]


for style in ("coroutine", "protocol"):
    for spread in ((), ("--hand-round",), ("--pin",)):
        server = start("--style", style, "--workers", "3", *spread)
        assert "3 workers" in server.first_line, server.first_line
        names = threads_of(server)
        assert {"echo-0", "echo-1", "echo-2"} <= set(names), names
        echo_of_many(server, 60)
        idle = connect(server)  # It is there at the end, and closed by it.
        idle.sendall(b"x")
        assert read(idle, 1) == b"x"
        assert server.stop(signal.SIGINT) == ""
        assert idle.recv(1) == b""
        summary = re.findall(r"served (\d+) connections \(0 open\), (\d+) messages, (\d+) bytes",
                             server.rest)
        assert summary == [("61", "61", "481")], server.rest
        idle.close()

# A second signal while the first is being followed ends it as well.
server = start("--workers", "2")
echo_of_many(server, 10)
server.process.send_signal(signal.SIGINT)
server.process.send_signal(signal.SIGINT)
out, err = server.process.communicate(timeout=30)
assert server.process.returncode == -signal.SIGINT, (server.process.returncode, out, err)
# Where the stop was quicker than the second signal, that one ended it before its summary.
assert out.count("served") <= 1 and err == "", (out, err)
print("all workers served and ended")
