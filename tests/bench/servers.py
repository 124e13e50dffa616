"""The echo servers: which there are, and how one runs on the cores it is given."""
import contextlib
import os
import subprocess
import sys

BASE = "bare liburing"
BARE_EPOLL = "bare epoll"
ASIO = "asio coroutines"

BATCH = os.SCHED_BATCH  # For programs that share a core, where CPU time counts.
STEADY = os.SCHED_RR    # For what the clock times: nobody else's work comes between.


def find(build):
    """Gives the command of each server that was built, by its name."""
    found = {
        BASE: [build / "bench_bare_liburing_echo"],
        BARE_EPOLL: [build / "bench_bare_epoll_echo"],
    }
    for reactor in ("io_uring", "epoll"):
        for style in ("coroutine", "protocol"):
            found[f"coil {reactor} {style}"] = [build / "bench_coil_echo", reactor, style]
    found[ASIO] = [build / "bench_asio_echo"]
    found["libuv"] = [build / "bench_libuv_echo"]
    for name in [name for name, command in found.items() if not command[0].exists()]:
        print(f"left out: {name} ({found.pop(name)[0].name} was not built)")
    if BASE not in found:
        sys.exit(f"{build} does not hold the benchmarks")
    return found


def select(found, words):
    """Keeps the base, and what has one of the words in its name."""
    return {name: command for name, command in found.items()
            if name == BASE or not words or any(word in name for word in words)}


def pinned(cores, scheduler=None):
    """Gives what a child does before it starts: keeps to these cores, under this scheduler."""
    def pin():
        os.sched_setaffinity(0, cores)
        if scheduler is not None:
            with contextlib.suppress(PermissionError):
                os.sched_setscheduler(0, scheduler, os.sched_param(scheduler == STEADY))
    return pin


@contextlib.contextmanager
def running(command, cores, scheduler=None):
    """Runs a server; gives its process and its port."""
    server = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True,
                              preexec_fn=pinned(cores, scheduler))
    try:
        line = server.stdout.readline()
        if not line.startswith("listening on "):
            sys.exit(f"{command[0]} did not start: {line!r}")
        yield server, int(line.split()[2].rsplit(":", 1)[1])
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def output_of(command, cores, scheduler=None):
    """Runs a program to its end; gives each line that it printed as a list of words."""
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True,
                          preexec_fn=pinned(cores, scheduler), timeout=120, check=True)
    return [line.split() for line in done.stdout.splitlines()]
