"""Children where the kernel, or a sandbox, refuses close_range, or descriptors of processes."""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import tracing  # noqa: E402

program = sys.argv[1]
os.environ["COIL_TEST_REACTOR"] = "epoll"


def passes(call, error, cases, count):
    tracing.require(call.split(":")[0])
    done = subprocess.run([*tracing.injecting(call, error), program, f"--test-case={cases}"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{count} passed" in done.stdout, done.stdout


passes("close_range", "ENOSYS", "B164*", 2)
passes("pidfd_send_signal", "ENOSYS", "B170*", 1)
# Every first attempt to make a child fails: that with a descriptor for it.
for refusal in ("EINVAL", "EPERM", "ENOSYS"):
    passes("clone", f"{refusal}:when=1+2", "B165*,B168*,B171*,several tasks*", 4)
print("older kernels run children, too")
