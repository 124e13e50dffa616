"""What the benchmarks run in: a network of their own where permitted, and a description of it."""
import fcntl
import os
import pathlib
import platform
import resource
import shutil
import socket
import struct
import subprocess
import sys

CONGESTION = pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control")
INSIDE = "COIL_BENCH_NETWORK"


def enter_own_network(argv):
    """Starts the program again in a network namespace of its own, if the system permits that.

    Loopback there carries nobody else's packets, and its congestion control can be one that does
    not pace with timers.
    """
    if os.environ.get(INSIDE):
        bring_loopback_up()
        return
    for flags in (["-n"], ["-rn"]):
        if shutil.which("unshare") is None:
            return
        if subprocess.run(["unshare", *flags, "true"], stderr=subprocess.DEVNULL).returncode == 0:
            os.environ[INSIDE] = "1"
            os.execvp("unshare", ["unshare", *flags, sys.executable, *argv])


def bring_loopback_up():
    set_flags, flag_up, flag_running = 0x8914, 0x1, 0x40
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh", b"lo", flag_up | flag_running) + bytes(14)
        fcntl.ioctl(any_socket, set_flags, request)
    try:
        CONGESTION.write_text("reno")
    except OSError:
        pass


def raise_descriptor_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def connections_max():
    """Gives how many connections one process may hold beside what else it has open."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def may_be_steady():
    """Tells whether a program of ours may run without others' work in between."""
    child = os.fork()
    if child == 0:
        try:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        except PermissionError:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def describe():
    congestion = CONGESTION.read_text().strip() if CONGESTION.exists() else "unknown"
    own = "a network of its own" if os.environ.get(INSIDE) else "the host's network"
    print(f"Linux {platform.release()}, {os.cpu_count()} processors ({processor()}), "
          f"loopback in {own}, {congestion}")
    if not may_be_steady():
        print("Others' work may come between what the clock times: real-time scheduling is not "
              "permitted here.")
