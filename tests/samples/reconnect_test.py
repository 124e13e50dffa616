"""Is the server of `coil reconnect`: not there, there, gone, and there again."""
import re
import socket
import sys

from server import Sample

coil, reactor = sys.argv[1:3]


def says(client, pattern):
    line = client.line()
    assert re.fullmatch(pattern + "\n", line), (line, pattern)


def waits_and_tries(client, attempt, reason):
    says(client, rf"{reason}.*; again in \d+ ms")
    says(client, rf"attempt {attempt} at {re.escape(where)}")


def greeted(client, listener):
    """Gives the connection, and how many attempts it took beyond those that were seen."""
    peer, _ = listener.accept()
    peer.settimeout(30)
    assert peer.recv(100) == b"hello\n"
    peer.sendall(b"hello to you\n")
    attempts = 0
    while (line := client.line()) != "it says: hello to you\n":
        attempts += line.startswith("attempt")
    return peer, attempts


with socket.socket() as listener:
    listener.bind(("127.0.0.1", 0))  # The port is taken, and refuses everybody.
    listener.settimeout(30)
    where = f"127.0.0.1:{listener.getsockname()[1]}"
    client = Sample(coil, reactor, "reconnect", "--connect", f"tcp:{where}", "--max-delay", "50")
    says(client, f"attempt 1 at {re.escape(where)}")
    for attempt in range(2, 6):
        waits_and_tries(client, attempt, ".*refused")
    listener.listen()
    peer, more = greeted(client, listener)  # The last attempt may have been too early, too.
    attempt += more
    for _ in range(3):
        peer.close()
        attempt += 1
        waits_and_tries(client, attempt, ".*")
        peer, more = greeted(client, listener)
        assert more == 0
    out, err = client.end()
    assert out == f"{attempt} attempts, 4 connections\n" and err == "", (out, err)
    assert peer.recv(100) == b""
    peer.close()
print("it came back every time")
