"""Talks to `coil echo` and `coil udp-echo`, in both styles, as a client that knows no coil."""
import os
import random
import resource
import signal
import socket
import struct
import sys
import threading

from server import Server, connect, echo_of_many, read

coil, reactor = sys.argv[1:3]
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 12000), hard))
many = 1000 if reactor in ("poll", "select") else 5000
many = min(many, (min(hard, 12000) - 100) // 2)


def echo_split_anywhere(server, size):
    data = os.urandom(size)
    with connect(server) as peer:
        def send():
            at = 0
            while at < size:
                step = random.randint(1, max(1, size // 5))
                peer.sendall(data[at:at + step])
                at += step
            peer.shutdown(socket.SHUT_WR)
        sender = threading.Thread(target=send)
        sender.start()
        assert read(peer, size) == data
        assert peer.recv(1) == b""
        sender.join()


def reset(server):
    peer = connect(server)
    peer.sendall(b"x" * 1000)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def flood_without_reading(server):
    """The server stops reading from a client that does not read: the client's sends must block."""
    with connect(server) as peer:
        peer.setblocking(False)
        sent = 0
        try:
            while sent < 256 << 20:
                sent += peer.send(b"y" * 65536)
        except BlockingIOError:
            pass
        assert sent < 256 << 20, "the server took everything from a client that does not read"


def start(sample, transport, style):
    return Server(coil, reactor, sample, "--listen", f"{transport}:0:interface=127.0.0.1",
                  "--style", style)


for style in ("coroutine", "protocol"):
    server = start("echo", "tcp", style)
    for count in (1, 100, many):
        echo_of_many(server, count)
    for size in (1, 1000, 65536, 1 << 20):
        echo_split_anywhere(server, size)
    for _ in range(30):
        reset(server)
    flood_without_reading(server)
    echo_of_many(server, 1)
    assert server.stop(signal.SIGINT) == ""

    server = start("udp-echo", "udp", style)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        gone.sendto(b"answer nobody", ("127.0.0.1", server.port))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.settimeout(30)
        for size in (0, 1, 1500, 65507):
            data = os.urandom(size)
            peer.sendto(data, ("127.0.0.1", server.port))
            assert peer.recv(65536) == data
    assert server.stop(signal.SIGTERM) == ""
print("every byte came back")
