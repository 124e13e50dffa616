"""Chats at `coil chat`, in both styles, as clients that know no coil."""
import socket
import struct
import sys

from server import Server

FLOOD = 64 << 20

coil, reactor = sys.argv[1:3]


class Client:
    def __init__(self, server):
        self.peer = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        self.lines = self.peer.makefile("r", newline="\n")

    def say(self, text, end="\n"):
        self.peer.sendall((text + end).encode())

    def hears(self, *expected):
        for line in expected:
            got = self.lines.readline()
            assert got == line + "\n", (got, line)

    def enters(self, nick):
        self.hears("* who are you?")
        self.say(nick)
        self.hears(f"* welcome, {nick}")

    def leaves(self):
        self.lines.close()
        self.peer.close()

    def breaks(self):
        self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.leaves()


def talk(server):
    ada, bob = Client(server), Client(server)
    ada.enters("ada")
    # A name is one word, and one person's.
    for nick in ("ada", "", "two words", "x" * 21):
        bob.hears("* who are you?")
        bob.say(nick)
    bob.enters("bob")
    ada.hears("* bob has joined")
    # What one says the others hear, however it was split.
    bob.say("hello\nhow ", end="")
    bob.say("are you?", end="\r\n")
    ada.hears("bob: hello", "bob: how are you?")
    eve = Client(server)  # Hears nothing before she has a name.
    ada.say("fine")
    bob.hears("ada: fine")
    eve.enters("eve")
    for other in (ada, bob):
        other.hears("* eve has joined")
    eve.breaks()
    for other in (ada, bob):
        other.hears("* eve has left")
    ada.leaves()
    bob.hears("* ada has left")
    bob.leaves()


def silent_reader_has_to_go(server):
    """Whoever does not read is not waited for, and what is kept for him does not grow."""
    ada, bob, mute = (Client(server) for _ in range(3))
    ada.enters("ada")
    bob.enters("bob")
    mute.enters("mute")
    ada.hears("* bob has joined", "* mute has joined")
    bob.hears("* mute has joined")
    text = "y" * 900
    said = 0
    heard = ""
    while heard != "* mute has left\n":
        ada.say(text)
        said += len(text)
        assert said < FLOOD, "nobody minds that mute does not read"
        heard = bob.lines.readline()
    assert bob.lines.readline() == f"ada: {text}\n"
    ada.hears("* mute has left")
    ada.say("at last")
    bob.hears("ada: at last")
    for client in (ada, bob, mute):
        client.leaves()


for style in ("coroutine", "protocol"):
    # A server of its own for each: those who leave one do not disturb the next.
    for part in (talk, silent_reader_has_to_go):
        server = Server(coil, reactor, "chat", "--listen", "tcp:0:interface=127.0.0.1",
                        "--style", style)
        part(server)
        assert server.stop() == ""
print("everybody heard what the others said")
