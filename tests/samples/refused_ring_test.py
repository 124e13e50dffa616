"""What a user sees whose system forbids io_uring: one line and epoll, or a clear refusal."""
import shutil
import signal
import socket
import subprocess
import sys

from server import Server

SKIPPED = 77
coil = sys.argv[1]


def skip(reason):
    print(f"skip: {reason}")
    sys.exit(SKIPPED)


def injecting(error):
    return ["strace", "-f", "-o", "/dev/null", "-e", f"inject=io_uring_setup:error={error}"]


def serves_without_ring(error, cause):
    server = Server(coil, "auto", "echo", "--listen", "tcp:0:interface=127.0.0.1",
                    prefix=injecting(error))
    assert "reactor epoll" in server.first_line, server.first_line
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as peer:
        peer.sendall(b"hello")
        assert peer.recv(100) == b"hello"
    # The signal goes to the server, which strace does not pass on.
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(server.process.pid)],
                              capture_output=True, text=True, check=True).stdout.split()
    subprocess.run(["kill", f"-{signal.SIGINT.value}", *children], check=True)
    _, said = server.process.communicate(timeout=30)
    lines = said.strip().splitlines()
    assert len(lines) == 1, said
    assert "epoll" in lines[0] and "io_uring was refused" in lines[0] and cause in lines[0], lines


def refuses(error, cause):
    done = subprocess.run([*injecting(error), coil, "--reactor", "io_uring", "timers"],
                          capture_output=True, text=True, timeout=30)
    lines = done.stderr.strip().splitlines()
    assert done.returncode == 1, done
    assert len(lines) == 1 and "io_uring" in lines[0] and cause in lines[0], lines


if shutil.which("strace") is None:
    skip("strace is not installed")
trial = subprocess.run([*injecting("EPERM"), "true"], capture_output=True, text=True)
if trial.returncode != 0:
    skip(f"strace may not trace here: {trial.stderr.strip()}")
for error, cause in (("EPERM", "forbids"), ("ENOSYS", "no io_uring"), ("ENOMEM", "memory")):
    serves_without_ring(error, cause)
    refuses(error, cause)
print("without io_uring: epoll and one line, or a refusal")
