"""Asks `coil calculator`, as a client that knows no coil."""
import socket
import sys

from server import Server

coil, reactor = sys.argv[1:3]
ANSWERS = {
    "1 + 2 * 3": "7",
    "(1 + 2) * 3": "9",
    " 8/4/2-1 ": "0",
    "10 - 2 - 3": "5",
    "-(2 - 5) * --2": "6",
    "0.1 + 0.2": "0.3",
    "1e3 / 8": "125",
    "(" * 499 + "7" + ")" * 499: "7",
    "": "error: a number is missing at the end",
    "1 +": "error: a number is missing at the end",
    "1 + x": "error: a number is missing before 'x'",
    "inf": "error: a number is missing before 'inf'",
    ".": "error: a number is missing before '.'",
    "1 2": "error: an operator is missing before '2'",
    "(1": "error: a closing parenthesis is missing at the end",
    "2 / (1 - 1)": "error: nothing is divided by zero",
    "1e999": "error: that is out of range",
    "1e300 * 1e300": "error: the result is too large",
}

server = Server(coil, reactor, "calculator", "--listen", "tcp:0:interface=127.0.0.1")
for end in ("\n", "\r\n"):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as peer:
        answers = peer.makefile("r", newline="\n")
        for question, answer in ANSWERS.items():
            peer.sendall((question + end).encode())
            got = answers.readline()
            assert got == answer + "\n", (question, got)
        # All at once, too: an answer each, in order.
        peer.sendall("".join(question + end for question in ANSWERS).encode())
        for question, answer in ANSWERS.items():
            assert answers.readline() == answer + "\n", question
        peer.sendall(b"1" * 5000)
        assert "no more than" in answers.readline()
        assert answers.readline() == ""
assert server.stop() == ""
print("every line had its answer")
