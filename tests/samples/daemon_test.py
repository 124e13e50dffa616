"""`coil serve` as a daemon: serves, refuses a second one, opens its log again, and is no root."""
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

coil, reactor = sys.argv[1:3]
is_root = os.geteuid() == 0
nobody = 65534


class Daemon:
    """A daemon that was started, and is killed at the end of the test whatever becomes of it."""

    def __init__(self, folder, *arguments):
        self.pid_file = folder / "pid"
        started = start(folder, *arguments)
        assert started.returncode == 0, started
        assert started.stderr == "", started
        self.port = int(started.stdout.split()[2].rsplit(":", 1)[1])
        self.pid = int(self.pid_file.read_text())
        self.handle = os.pidfd_open(self.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.ended(0):
            signal.pidfd_send_signal(self.handle, signal.SIGKILL)
            assert self.ended(30)
        os.close(self.handle)

    def ended(self, seconds):
        poll = select.poll()
        poll.register(self.handle, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def end(self, number=signal.SIGTERM):
        signal.pidfd_send_signal(self.handle, number)
        assert self.ended(30)

    def echo(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as peer:
            peer.sendall(b"hello")
            assert peer.recv(5) == b"hello"

    def status(self):
        lines = pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def command(folder, *arguments, port=0):
    return [coil, "--reactor", reactor, "serve", "--listen", f"tcp:{port}:interface=127.0.0.1",
            "--every", "0.01", "--pid-file", str(folder / "pid"), *arguments]


def start(folder, *arguments, port=0):
    return subprocess.run(command(folder, "--daemon", *arguments, port=port), capture_output=True,
                          text=True, timeout=60, check=False)


def eventually(condition):
    """Looks again until it is so; a daemon can be waited for in no other way."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not come to be so"
        time.sleep(0.005)


def serves_and_reopens(folder):
    """Everything that needs no root."""
    log = folder / "log"
    with Daemon(folder, "--log-file", str(log), "--umask", "077") as daemon:
        daemon.echo()
        status = daemon.status()
        assert status["Umask"] == "0077", status
        assert (folder / "pid").stat().st_mode & 0o777 == 0o600
        assert os.getsid(daemon.pid) not in (os.getsid(0), daemon.pid)
        assert os.readlink(f"/proc/{daemon.pid}/cwd") == "/"
        for descriptor in (0, 1, 2):
            assert os.readlink(f"/proc/{daemon.pid}/fd/{descriptor}") == "/dev/null"

        second = start(folder, "--log-file", str(log))
        assert second.returncode == 1, second
        assert second.stderr == (f"coil: process {daemon.pid} runs already: it holds the pid file "
                                 f"{daemon.pid_file}\n"), second.stderr
        assert int(daemon.pid_file.read_text()) == daemon.pid
        daemon.echo()

        log.rename(folder / "log.1")
        signal.pidfd_send_signal(daemon.handle, signal.SIGHUP)
        eventually(log.exists)
        eventually(lambda: " info: now " in log.read_text())
        old = (folder / "log.1").read_text()
        daemon.echo()
        daemon.end()
        assert (folder / "log.1").read_text() == old
        ends = log.read_text()
        for words in ("the echo service has stopped", "served 3", "stopped: "):
            assert words in ends, (words, ends)
        assert not daemon.pid_file.exists()

    with Daemon(folder) as killed:
        killed.end(signal.SIGKILL)
        assert int(killed.pid_file.read_text()) == killed.pid
        with Daemon(folder) as heir:
            assert heir.pid != killed.pid
            heir.echo()


def tells_failures(folder):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        taken = f"127.0.0.1:{port}"
        log = folder / "log"
        for arguments, words in (((), taken), (("--log-file", str(log)), str(log))):
            refused = start(folder, *arguments, port=port)
            assert refused.returncode == 1, refused
            assert len(refused.stderr.splitlines()) == 1 and words in refused.stderr, refused
            assert not (folder / "pid").exists()
        assert taken in log.read_text()
    missing = start(folder, "--log-file", str(folder / "none" / "log"))
    assert missing.returncode == 1, missing
    assert missing.stderr == (f"coil: cannot open the log file {folder}/none/log: "
                              "No such file or directory\n"), missing


def is_signalled_in_the_foreground(folder):
    with subprocess.Popen(command(folder), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("listening on ")
        assert int((folder / "pid").read_text()) == process.pid
        process.send_signal(signal.SIGTERM)
        assert "served 0" in process.communicate(timeout=30)[0]
        assert process.returncode == -signal.SIGTERM, process.returncode
        assert not (folder / "pid").exists()


def gives_up_privileges(folder):
    """Started by root: somebody else, in a root of its own, from the moment its port is open."""
    root = folder / "root"
    (root / "logs").mkdir(parents=True)
    shutil.chown(root / "logs", nobody)
    log = root / "logs" / "log"
    with Daemon(folder, "--log-file", str(log), "--user", str(nobody), "--group", "65532",
                "--chroot", str(root)) as daemon:
        daemon.echo()
        status = daemon.status()
        assert status["Uid"].split() == [str(nobody)] * 4, status
        assert status["Gid"].split() == ["65532"] * 4, status
        assert status["Groups"].split() == [], status
        assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0, status
        assert os.readlink(f"/proc/{daemon.pid}/root") == str(root)
        log.rename(root / "logs" / "log.1")
        signal.pidfd_send_signal(daemon.handle, signal.SIGHUP)
        eventually(log.exists)
        assert log.stat().st_uid == nobody
        daemon.end()
        assert daemon.pid_file.read_text() == "", "it may not be removed, and so is emptied"
    # The emptied file stands in nobody's way. Who may not open the log again goes on with it.
    log = folder / "log"
    with Daemon(folder, "--log-file", str(log), "--user", str(nobody), "--group",
                "65532") as daemon:
        log.rename(folder / "log.1")
        signal.pidfd_send_signal(daemon.handle, signal.SIGHUP)
        eventually(lambda: "could not be opened again" in (folder / "log.1").read_text())
        daemon.echo()
        daemon.end()
        assert not log.exists()


def refuses_what_only_root_may(folder):
    """Started by somebody who is not root, and wants to be somebody else."""
    os.chown(folder, nobody, nobody)
    arguments = command(folder, "--daemon", "--user", "0")
    refused = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False,
                             user=nobody, group=nobody, extra_groups=[])
    assert refused.returncode == 1, refused
    assert "setgroups" in refused.stderr and "not permitted" in refused.stderr, refused
    assert not (folder / "pid").exists()


tests = [serves_and_reopens, tells_failures, is_signalled_in_the_foreground]
if is_root:
    tests += [gives_up_privileges, refuses_what_only_root_may]
else:
    print("skip: dropping privileges: the tests do not run as root")
for test in tests:
    with tempfile.TemporaryDirectory(prefix="coil-daemon-") as name:
        os.chmod(name, 0o755)
        test(pathlib.Path(name))
print("the daemon served, and left nothing behind")
