"""Bad input gets one sentence and the right exit status; good input gets an answer."""
import socket
import subprocess
import sys

coil = sys.argv[1]


def run(*arguments):
    return subprocess.run([coil, *arguments], capture_output=True, text=True, timeout=30)


def refused(status, word, *arguments):
    result = run(*arguments)
    lines = result.stderr.strip().splitlines()
    assert result.returncode == status, (arguments, result)
    assert len(lines) == 1, (arguments, result.stderr)
    assert word in lines[0], (arguments, lines[0])


refused(2, "--nonsense", "--nonsense", "timers")
refused(2, "nonsense", "nonsense")
refused(2, "devpoll", "--reactor", "devpoll", "timers")
refused(1, "kqueue", "--reactor", "kqueue", "timers")
refused(2, "'tcp:'", "echo", "--listen", "udp:1")
refused(2, "port", "echo", "--listen", "tcp:99999")
refused(2, "port", "echo", "--listen", "tcp:")
refused(2, "numeric", "echo", "--listen", "tcp:1:interface=localhost")
refused(2, "colour", "echo", "--listen", "tcp:1:colour=red")
refused(2, "--style", "echo", "--style", "baroque")
for number in ("0", "-1", "1025", "two", "1.5"):
    refused(2, "--workers", "echo", "--workers", number)
refused(1, "192.0.2.1", "echo", "--workers", "2", "--listen", "tcp:0:interface=192.0.2.1")
refused(1, "192.0.2.1", "echo", "--listen", "tcp:0:interface=192.0.2.1")
with socket.socket() as busy:
    busy.bind(("127.0.0.1", 0))
    busy.listen()
    port = busy.getsockname()[1]
    refused(1, f"127.0.0.1:{port}", "echo", "--listen", f"tcp:{port}:interface=127.0.0.1")
with socket.socket() as closed:
    closed.bind(("127.0.0.1", 0))
    port = closed.getsockname()[1]
refused(1, f"127.0.0.1:{port}", "echo-client", "--connect", f"tcp:127.0.0.1:{port}")
# Each command has the default that fits it, whether somebody answers there or not.
for client in ("echo-client", "udp-ping"):
    assert run(client).returncode != 2, client
refused(2, "--connect", "forward")
refused(2, "--interval", "tracker", "--interval", "0")
refused(2, "--max-delay", "reconnect", "--max-delay", "0")
refused(2, "nobody-at-all", "serve", "--user", "nobody-at-all")
refused(2, "none-of-them", "serve", "--user", "root", "--group", "none-of-them")
refused(2, "--user", "serve", "--group", "root")
refused(2, "--umask", "serve", "--umask", "9")
refused(2, "--chroot", "serve", "--chroot", "/dev/null")
refused(1, "/nowhere/pid", "serve", "--pid-file", "/nowhere/pid")
refused(2, "'tcp:'", "forward", "--connect", "udp:127.0.0.1:1")
for command in ("exec", "pipeline", "inetd"):
    refused(2, "command is required", command)

assert run("--help").returncode == 0
listed = run("reactors")
assert listed.returncode == 0
for name in ("io_uring", "epoll", "poll", "select"):
    assert name in listed.stdout
timers = run("timers")
assert timers.returncode == 0 and "lift-off" in timers.stdout
print("every refusal was one sentence")
