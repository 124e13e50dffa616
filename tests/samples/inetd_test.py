"""Connects to `coil inetd`: a program of its own for each client, ended with it."""
import os
import socket
import sys
import time

from server import Server, connect

coil, reactor = sys.argv[1:3]


def read_all(peer):
    got = b""
    while chunk := peer.recv(65536):
        got += chunk
    return got


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as listing:
        return listing.read().split()


def until(done):
    deadline = time.monotonic() + 30
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


LISTEN = ("--listen", "tcp:0:interface=127.0.0.1")
server = Server(coil, reactor, "inetd", *LISTEN, "--", "tr", "a-z", "A-Z")
peers = [connect(server) for _ in range(20)]
for number, peer in enumerate(peers):
    peer.sendall(b"client %d " % number + b"x" * 100_000)
    peer.shutdown(socket.SHUT_WR)
for number, peer in enumerate(peers):
    assert read_all(peer) == b"CLIENT %d " % number + b"X" * 100_000
    peer.close()
until(lambda: not children_of(server.process.pid))
assert server.stop() == ""

# A program that says what it has to say without listening, and one that outlives its client.
server = Server(coil, reactor, "inetd", *LISTEN, "--", "echo", "hello")
with connect(server) as peer:
    assert read_all(peer) == b"hello\n"
server.stop()
server = Server(coil, reactor, "inetd", *LISTEN, "--", "sleep", "1000")
with connect(server):
    until(lambda: len(children_of(server.process.pid)) == 1)
    child = children_of(server.process.pid)[0]
    server.stop()
assert not os.path.exists(f"/proc/{child}"), "a stop leaves no program behind"
print("each client had its program")
