"""`coil serve` starts services in order, stops them in reverse, reports, and ends by the signal."""
import signal
import socket
import subprocess
import sys

from server import Server

coil, reactor = sys.argv[1:3]


def start(**options):
    return Server(coil, reactor, "serve", "--listen", "tcp:0:interface=127.0.0.1",
                  "--every", "0.01", **options)


for number in (signal.SIGINT, signal.SIGTERM):
    server = start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as peer:
        peer.sendall(b"hello")
        assert peer.recv(5) == b"hello"
    while "1 connections (0 open), 1 messages, 5 bytes" not in server.line():
        pass
    assert server.stop(number) == ""
    order = [server.rest.index(line) for line in (
        "the statistics have stopped\n", "the echo service has stopped\n",
        "served 1 connections (0 open), 1 messages, 5 bytes\n", "stopped: ")]
    assert order == sorted(order), server.rest
    assert "1 ended: timer service statistics (timer_service.cpp:" in server.rest, server.rest
    assert "forced" not in server.rest, server.rest

# A connection that is open when the server is told to end is cancelled, and the client is told.
server = start()
with socket.create_connection(("127.0.0.1", server.port), timeout=30) as peer:
    peer.sendall(b"hello")
    assert peer.recv(5) == b"hello"
    assert server.stop() == ""
    assert "1 cancelled: protocol (" in server.rest, server.rest
    try:
        assert peer.recv(1) == b""
    except ConnectionResetError:
        pass

# Who starts a program with SIGINT ignored, as nohup and a shell's & do, means it.
server = start(before_exec=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
server.process.send_signal(signal.SIGINT)
for _ in range(5):
    assert server.line().startswith("now ")
assert server.stop(signal.SIGTERM) == ""

# A port that is taken keeps the application from starting.
with socket.socket() as busy:
    busy.bind(("127.0.0.1", 0))
    busy.listen()
    port = busy.getsockname()[1]
    refused = subprocess.run(
        [coil, "--reactor", reactor, "serve", "--listen", f"tcp:{port}:interface=127.0.0.1"],
        capture_output=True, text=True, timeout=30, check=False)
assert refused.returncode == 1, refused
assert "failed to start" in refused.stderr and f"127.0.0.1:{port}" in refused.stderr, refused
print("every service started, stopped and said so")
