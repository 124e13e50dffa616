"""A sample server as a child process, for the tests that talk to it as foreign clients."""
import signal
import subprocess


class Server:
    def __init__(self, coil, reactor, *arguments, prefix=(), before_exec=None):
        self.process = subprocess.Popen([*prefix, coil, "--reactor", reactor, *arguments],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        preexec_fn=before_exec)
        self.first_line = self.process.stdout.readline()
        if not self.first_line.startswith("listening on 127.0.0.1:"):
            raise AssertionError((self.first_line, self.process.stderr.read()))
        self.port = int(self.first_line.split()[2].rsplit(":", 1)[1])

    def stop(self, number=signal.SIGINT):
        """Ends it by a signal and gives what it had said on the standard error."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        # It ends in order, and then by the signal itself, so that its parent knows.
        assert self.process.returncode == -number, (self.process.returncode, out, err)
        assert "0 open" in out, out
        self.rest = out
        return err

    def stop_traced(self, number=signal.SIGINT):
        """Ends a server behind a tracer, which passes no signal on; gives its standard error."""
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)],
                                  capture_output=True, text=True, check=True).stdout.split()
        subprocess.run(["kill", f"-{number.value}", *children], check=True)
        return self.process.communicate(timeout=30)[1]
