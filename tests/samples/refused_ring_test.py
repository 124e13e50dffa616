"""What a user sees whose system forbids io_uring: one line and epoll, or a clear refusal."""
import pathlib
import socket
import subprocess
import sys

from server import Server

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import tracing  # noqa: E402

coil = sys.argv[1]


def serves_without_ring(error, cause):
    server = Server(coil, "auto", "echo", "--listen", "tcp:0:interface=127.0.0.1",
                    prefix=tracing.injecting("io_uring_setup", error))
    assert "reactor epoll" in server.first_line, server.first_line
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as peer:
        peer.sendall(b"hello")
        assert peer.recv(100) == b"hello"
    said = server.stop_traced()
    lines = said.strip().splitlines()
    assert len(lines) == 1, said
    assert "epoll" in lines[0] and "io_uring was refused" in lines[0] and cause in lines[0], lines


def refuses(error, cause):
    done = subprocess.run([*tracing.injecting("io_uring_setup", error),
                           coil, "--reactor", "io_uring", "timers"],
                          capture_output=True, text=True, timeout=30)
    lines = done.stderr.strip().splitlines()
    assert done.returncode == 1, done
    assert len(lines) == 1 and "io_uring" in lines[0] and cause in lines[0], lines


tracing.require("io_uring_setup")
for error, cause in (("EPERM", "forbids"), ("ENOSYS", "no io_uring"), ("ENOMEM", "memory")):
    serves_without_ring(error, cause)
    refuses(error, cause)
print("without io_uring: epoll and one line, or a refusal")
