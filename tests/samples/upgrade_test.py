"""Speaks lines, frames and lines again with `coil upgrade`, as a client that knows no coil."""
import os
import struct
import sys

from server import Server, connect, read

coil, reactor = sys.argv[1:3]


def frame(payload):
    return struct.pack(">I", len(payload)) + payload


def step_by_step(server):
    with connect(server) as peer:
        for turn in range(3):
            peer.sendall(b"hello %d\r\n" % turn)
            assert read(peer, 8) == b"HELLO %d\n" % turn
            peer.sendall(b"FRAMES\n")
            assert read(peer, 3) == b"OK\n"
            for size in (1, 1000, 1 << 20):
                payload = frame(os.urandom(size))
                peer.sendall(payload)
                assert read(peer, len(payload)) == payload
            peer.sendall(frame(b""))
            assert read(peer, 4) == frame(b"")


def cut_anywhere(server, piece):
    """The same conversation in pieces: each byte belongs to whoever is on turn when it is read."""
    frames = frame(b"FRAMES\n") + frame(b"\x00" * 5) + frame(b"")
    sent = (b"one\nFRAMES\n" + frames + b"two\n") * 20
    expected = (b"ONE\nOK\n" + frames + b"TWO\n") * 20
    with connect(server) as peer:
        for at in range(0, len(sent), piece):
            peer.sendall(sent[at:at + piece])
        assert read(peer, len(expected)) == expected


def is_sent_away(server, sent):
    with connect(server) as peer:
        peer.sendall(sent)
        try:
            while peer.recv(1000):
                pass
        except ConnectionResetError:
            pass


server = Server(coil, reactor, "upgrade", "--listen", "tcp:0:interface=127.0.0.1")
step_by_step(server)
for piece in (1, 3, 7, 1 << 20):
    cut_anywhere(server, piece)
is_sent_away(server, b"FRAMES\n" + b"\xff" * 4)
is_sent_away(server, b"x" * 5000)
with connect(server) as peer:
    peer.sendall(b"FRAMES\n\x00")  # Leaves in mid-frame.
with connect(server) as peer:
    peer.sendall(b"FRAMES\n")
    assert read(peer, 3) == b"OK\n"
    assert server.stop() == ""  # A stop finds the coroutine at work.
print("no byte was lost between the two")
