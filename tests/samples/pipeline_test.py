"""Runs pipelines with `coil pipeline`: what comes out, and the status of the last command."""
import subprocess
import sys

coil, reactor = sys.argv[1:3]


def run(*words, **options):
    done = subprocess.run([coil, "--reactor", reactor, "pipeline", "--", *words], timeout=60,
                          capture_output=True, text=True, **options)
    return done.returncode, done.stdout, done.stderr


assert run("printf", "b\\na\\nb\\n", "|", "sort", "|", "uniq") == (0, "a\nb\n", "")
assert run("cat", "|", "tr", "a-z", "A-Z", input="shout") == (0, "SHOUT", "")
assert run("echo", "alone") == (0, "alone\n", "")
# One that ends early ends those before it, and that is no failure of the whole.
status, out, err = run("yes", "|", "head", "-n", "1")
assert (status, out) == (0, "y\n") and "yes: signal 13 (SIGPIPE)" in err, (status, out, err)
status, out, err = run("true", "|", "false")
assert (status, err) == (1, "false: exit code 1\n")
status, out, err = run("yes", "|", "/no/such/program")
assert status == 1 and "/no/such/program" in err and err.count("\n") == 1, (status, err)
status, out, err = run("yes", "|")
assert status == 1 and "which command?" in err, (status, err)
print("every pipeline ended as a shell's would")
