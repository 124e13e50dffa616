"""The samples as Windows programs under wine, with a client on this side that knows no coil."""
import hashlib
import os
import pathlib
import signal
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "samples"))
from server import Server, connect, echo_of_many, read  # noqa: E402

coil = sys.argv[1]
connections = 300


class WindowsServer(Server):
    def __init__(self, *arguments):
        super().__init__(coil, "iocp", *arguments, prefix=("wine",))

    def end(self, number=signal.SIGINT):
        """As Ctrl-C does, which wine passes on to the console handlers of the program."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        # The number with which the C library of Windows ends a program that a signal ends.
        assert self.process.returncode == 3, (self.process.returncode, out, err)
        return out, err


def run(*arguments):
    return subprocess.run(["wine", coil, *arguments], capture_output=True, text=True, timeout=60)


def typed(text, *arguments):
    done = subprocess.run(["wine", coil, *arguments], input=text, capture_output=True, text=True,
                          timeout=60)
    return done.returncode, done.stdout, done.stderr


def echo_blocks(server, size):
    """Every connection sends a block of its own; all are open at once."""
    blocks = [os.urandom(size) for _ in range(connections)]
    peers = [connect(server) for _ in blocks]
    for peer, block in zip(peers, blocks):
        peer.sendall(block)
    for peer, block in zip(peers, blocks):
        assert read(peer, size) == block
        peer.shutdown(socket.SHUT_WR)
    for peer in peers:
        assert peer.recv(1) == b""
        peer.close()


listed = run("reactors")
assert listed.returncode == 0 and "iocp" in listed.stdout, listed
assert "epoll" not in listed.stdout, listed

for style in ("coroutine", "protocol"):
    server = WindowsServer("echo", "--listen", "tcp:0:interface=127.0.0.1", "--style", style)
    assert "reactor iocp" in server.first_line, server.first_line
    echo_of_many(server, connections)
    for size in (1, 1000, 10_000):
        echo_blocks(server, size)
    assert server.stop() == ""
    print(f"echo, {style}: {connections} connections at a time, every byte came back")

    server = WindowsServer("udp-echo", "--listen", "udp:0:interface=127.0.0.1", "--style", style)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.settimeout(30)
        for size in (0, 1, 1500, 60_000):
            data = os.urandom(size)
            peer.sendto(data, ("127.0.0.1", server.port))
            assert peer.recv(65536) == data
    assert server.stop() == ""

server = WindowsServer("echo", "--workers", "2", "--listen", "tcp:0:interface=127.0.0.1")
echo_of_many(server, connections)
assert server.stop() == ""

this = pathlib.Path(__file__)
hashed = run("hash", "z:" + str(this.resolve()).replace("/", "\\"))
assert hashlib.sha256(this.read_bytes()).hexdigest() in hashed.stdout, hashed

assert typed("1 + 2 * 3\n6 / 2\n", "repl") == (0, "7\n3\n", "")
print("repl: standard input and output that others made")

# The C library of Windows ends the lines of what a program prints in two characters.
status, out, err = typed("", "exec", "--", "cmd.exe", "/c", "echo hello& exit 3")
assert (status, out.split(), err) == (3, ["out:", "hello"], ""), (status, out, err)
status, out, err = typed("", "exec", "--", "no such program")
assert status == 1 and "cannot run 'no such program': execute the program" in err, (status, err)
print("exec: what a program says, and how it ended")

status, out, err = typed("", "pipeline", "--", "cmd.exe", "/c", "echo 20 + 3", "|",
                         "Z:" + coil, "repl")
assert (status, out.strip(), err) == (0, "23", ""), (status, out, err)
print("pipeline: from child to child")

refused = run("--reactor", "epoll", "echo")
assert refused.returncode == 1 and "this platform has none" in refused.stderr, refused
print("the samples do the same on Windows")
