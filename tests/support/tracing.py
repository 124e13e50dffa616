"""Lets system calls of a program fail, by strace; a test that cannot have that is skipped."""
import shutil
import subprocess
import sys

SKIPPED = 77


def skip(reason):
    print(f"skip: {reason}")
    sys.exit(SKIPPED)


def injecting(call, error):
    """The command that runs a program whose `call` always fails with `error`."""
    return ["strace", "-f", "-o", "/dev/null", "-e", f"inject={call}:error={error}"]


def require(call):
    """Skips the test where no call can be made to fail."""
    if shutil.which("strace") is None:
        skip("strace is not installed")
    trial = subprocess.run([*injecting(call, "EPERM"), "true"], capture_output=True, text=True)
    if trial.returncode != 0:
        skip(f"strace may not trace here: {trial.stderr.strip()}")
