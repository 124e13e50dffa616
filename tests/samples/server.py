"""A sample as a child process, and its foreign peers, for the tests that are those."""
import signal
import socket
import subprocess


class Sample:
    def __init__(self, coil, reactor, *arguments, prefix=(), before_exec=None):
        self.process = subprocess.Popen([*prefix, coil, "--reactor", reactor, *arguments],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        preexec_fn=before_exec)

    def line(self):
        """The next line that it says, as long as it runs."""
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(("it has ended", self.process.stderr.read()))
        return line

    def end(self, number=signal.SIGINT):
        """Ends it by a signal and gives what it said last, on its output and on its error."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        # It ends in order, and then by the signal itself, so that its parent knows.
        assert self.process.returncode == -number, (self.process.returncode, out, err)
        return out, err


class Server(Sample):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.first_line = self.line()
        if not self.first_line.startswith("listening on 127.0.0.1:"):
            raise AssertionError((self.first_line, self.process.stderr.read()))
        self.port = int(self.first_line.split()[2].rsplit(":", 1)[1])

    def stop(self, number=signal.SIGINT):
        """Ends it by a signal and gives what it had said on the standard error."""
        self.rest, err = self.end(number)
        assert "0 open" in self.rest, self.rest
        return err

    def stop_traced(self, number=signal.SIGINT):
        """Ends a server behind a tracer, which passes no signal on; gives its standard error."""
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)],
                                  capture_output=True, text=True, check=True).stdout.split()
        subprocess.run(["kill", f"-{number.value}", *children], check=True)
        return self.process.communicate(timeout=30)[1]


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=30)


def read(peer, size):
    got = b""
    while len(got) < size:
        chunk = peer.recv(size - len(got))
        assert chunk, f"the stream ended after {len(got)} of {size} bytes"
        got += chunk
    return got


def echo_of_many(server, count):
    peers = [connect(server) for _ in range(count)]
    for number, peer in enumerate(peers):
        peer.sendall(b"%08d" % number)
    for number, peer in enumerate(peers):
        assert read(peer, 8) == b"%08d" % number
        peer.close()
