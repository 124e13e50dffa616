"""A server that has run out of descriptors neither spins nor stays deaf."""
import os
import pathlib
import resource
import socket
import sys
import time

from server import Server

LIMIT = 64
CLIENTS = 200
# In a second a loop that spins takes all of it, and one that waits next to nothing.
WINDOW_S = 1.0
SHARE_MAX = 0.05

coil, reactor = sys.argv[1:3]


def limit_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, LIMIT))


def seconds_of_processor(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def answers(peer):
    """True once the echo has come; a client that nobody accepted waits in the backlog."""
    try:
        return peer.recv(1) == b"x"
    except TimeoutError:
        return False


for style in ("coroutine", "protocol"):
    server = Server(coil, reactor, "echo", "--listen", "tcp:0:interface=127.0.0.1",
                    "--style", style, before_exec=limit_descriptors)
    peers = []
    for _ in range(CLIENTS):
        peer = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        peer.sendall(b"x")
        peers.append(peer)
    served = 0
    for peer in peers[:LIMIT // 2]:
        served += answers(peer)
    assert served == LIMIT // 2, f"{served} of the first {LIMIT // 2} were served"

    before = seconds_of_processor(server.process.pid)
    time.sleep(WINDOW_S)
    share = (seconds_of_processor(server.process.pid) - before) / WINDOW_S
    assert share < SHARE_MAX, f"{reactor}, {style}: {share:.0%} of a processor while exhausted"

    # Whoever waits is served as soon as others leave.
    while peers:
        peer = peers.pop(0)
        if len(peers) < CLIENTS - LIMIT // 2:
            assert answers(peer), f"{len(peers)} were left when one was not served"
        peer.close()
    said = server.stop()
    assert said == "", said
print("out of descriptors: quiet, and back in time")
