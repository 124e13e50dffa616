"""Runs commands with `coil exec`: prefixes, exit statuses, signals passed on."""
import signal
import subprocess
import sys

from server import Sample

coil, reactor = sys.argv[1:3]


def run(*words, **options):
    done = subprocess.run([coil, "--reactor", reactor, "exec", "--", *words], capture_output=True,
                          text=True, timeout=60, **options)
    return done.returncode, done.stdout, done.stderr


assert run("printf", "one\\ntwo") == (0, "out: one\nout: two\n", "")
assert run("sh", "-c", "echo no >&2; exit 7") == (7, "", "err: no\n")
assert run("sh", "-c", "kill -9 $$") == (137, "", "")
assert run("cat", input="fed\n") == (0, "out: fed\n", "")
status, out, err = run("/no/such/program")
assert status == 1 and out == "" and err.count("\n") == 1, (status, out, err)
assert "/no/such/program" in err and "No such file or directory" in err
status, out, err = run("seq", "100000")
assert status == 0 and out == "".join(f"out: {number}\n" for number in range(1, 100001))

for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    caught = f"trap 'echo caught; exit 5' {number.name[3:]}"
    catches = caught + "; echo ready; while :; do sleep 0.1; done"
    sample = Sample(coil, reactor, "exec", "--", "sh", "-c", catches)
    assert sample.line() == "out: ready\n"
    sample.process.send_signal(number)
    out, err = sample.process.communicate(timeout=60)
    assert (sample.process.returncode, out) == (5, "out: caught\n"), (number, out, err)
print("what a command says and how it ends is passed on")
