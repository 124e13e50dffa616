"""The epoll reactor where the kernel, or a sandbox, has no epoll_pwait2: milliseconds must do."""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import tracing  # noqa: E402

program = sys.argv[1]
os.environ["COIL_TEST_REACTOR"] = "epoll"
tracing.require("epoll_pwait2")
for error in ("ENOSYS", "EPERM"):
    done = subprocess.run([*tracing.injecting("epoll_pwait2", error), program,
                           "--test-case=a timer of less than*,many wake-ups*,both sides of*"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout, done.stdout
print("without epoll_pwait2 the loop neither spins nor sleeps on")
