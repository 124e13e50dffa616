"""Talks through `coil forward`, in both styles, to a target that knows no coil."""
import os
import pathlib
import socket
import struct
import sys
import threading

from server import Server, connect

# What may be under way between two peers: the buffers of the system, and some of the forwarder's.
UNDER_WAY_MAX = 64 << 20
GROWTH_MAX = 8 << 20

coil, reactor = sys.argv[1:3]


def reset(peer):
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def read_to_end(peer):
    got = bytearray()
    while chunk := peer.recv(1 << 16):
        got += chunk
    return bytes(got)


def send_and_end(peer, data):
    peer.sendall(data)
    peer.shutdown(socket.SHUT_WR)


def resident_bytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def pair(server, target):
    """Both ends of a forwarded connection."""
    client = connect(server)
    accepted, _ = target.accept()
    accepted.settimeout(30)
    return client, accepted


def both_ways_at_once(server, target, size):
    """Different bytes each way; each end is passed on, and the other direction outlives it."""
    client, accepted = pair(server, target)
    with client, accepted:
        there, back = os.urandom(size), os.urandom(size)
        senders = [threading.Thread(target=send_and_end, args=each)
                   for each in ((client, there), (accepted, back))]
        for sender in senders:
            sender.start()
        got_back = []
        reader = threading.Thread(target=lambda: got_back.append(read_to_end(client)))
        reader.start()
        assert read_to_end(accepted) == there
        for thread in (*senders, reader):
            thread.join()
        assert got_back == [back]


def answer_after_the_end(server, target):
    client, accepted = pair(server, target)
    with client, accepted:
        send_and_end(client, b"question")
        assert read_to_end(accepted) == b"question"
        send_and_end(accepted, b"answer")
        assert read_to_end(client) == b"answer"


def loss_is_passed_on(server, target, direction_ended):
    """When one end is reset the other one ends, whether one direction had ended before or not."""
    for index in (0, 1):
        ends = pair(server, target)
        gone, other = ends[index], ends[1 - index]
        gone.sendall(b"hello")
        assert other.recv(100) == b"hello"
        if direction_ended:
            other.shutdown(socket.SHUT_WR)
            assert gone.recv(1) == b""
        reset(gone)
        with other:
            try:
                assert other.recv(1) == b""
            except ConnectionResetError:
                pass


def reader_that_stops(server, sender, reader):
    """The sender must block, and the forwarder must not grow."""
    before = resident_bytes(server.process.pid)
    with sender, reader:
        sender.settimeout(0.5)
        sent = 0
        try:
            while sent < 2 * UNDER_WAY_MAX:
                sent += sender.send(b"y" * 65536)
        except TimeoutError:
            pass
        assert sent < UNDER_WAY_MAX, f"{sent} bytes were taken for a peer that does not read"
        growth = resident_bytes(server.process.pid) - before
        assert growth < GROWTH_MAX, f"it grew by {growth} bytes"
        sender.settimeout(30)
        sender.shutdown(socket.SHUT_WR)
        assert len(read_to_end(reader)) == sent


for style in ("coroutine", "protocol"):
    target = socket.create_server(("127.0.0.1", 0))
    target.settimeout(30)
    server = Server(coil, reactor, "forward", "--listen", "tcp:0:interface=127.0.0.1",
                    "--connect", f"tcp:127.0.0.1:{target.getsockname()[1]}", "--style", style)
    for size in (0, 1, 1000, 3_000_000):
        both_ways_at_once(server, target, size)
    answer_after_the_end(server, target)
    for direction_ended in (False, True):
        loss_is_passed_on(server, target, direction_ended)
    client, accepted = pair(server, target)
    reader_that_stops(server, client, accepted)
    client, accepted = pair(server, target)
    reader_that_stops(server, accepted, client)
    answer_after_the_end(server, target)

    # Without a target: the client is sent away, and the log says why.
    where = f"127.0.0.1:{target.getsockname()[1]}"
    target.close()
    with connect(server) as client:
        assert client.recv(1) == b""
    said = server.stop()
    assert len(said.splitlines()) == 1 and where in said, said
print("every byte came through, and none was hoarded")
