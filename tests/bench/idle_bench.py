"""What an idle accepted connection costs a server's user memory.

Every connection has carried one message and is silent from then on; what counts is the difference
between one such connection, whose 3,000 messages have warmed every pool and ring, and 10,000 more:
  heap   what malloc has handed out, headers included, as the server's own account says
  pages  private pages that the server has written to: also counts what it maps itself, and what
         the heap keeps back; grows in steps of a page, or of a table that doubles
The kernel's own memory (socket, poll entries) is in neither.
"""
import pathlib
import random
import signal
import statistics
import subprocess
import time

import report
import servers

CONNECTIONS = 10_000
LIMITS = {"coroutine": 420, "protocol": 600}
SETTLE_SECONDS = 0.1  # Between the last message and the question, so that the server waits again.


def used_by(server):
    """Gives a waiting server's (heap bytes, private dirty bytes)."""
    time.sleep(SETTLE_SECONDS)
    rollup = pathlib.Path(f"/proc/{server.pid}/smaps_rollup").read_text()
    dirty = next(line.split()[1] for line in rollup.splitlines()
                 if line.startswith("Private_Dirty:"))
    server.send_signal(signal.SIGUSR1)
    word, heap = server.stdout.readline().split()
    assert word == "heap"
    return int(heap), int(dirty) * 1024


def measure(setup, command, count):
    """Gives (heap bytes, bytes in pages) per connection."""
    with servers.running(command, {setup.cores[0]}) as (server, port):
        client = subprocess.Popen(
            [str(setup.build / "bench_hold"), str(port), str(count)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            preexec_fn=servers.pinned({setup.cores[-1]}))
        with client:
            if client.stdout.readline() != "ready\n":
                raise RuntimeError("bench_hold did not connect")
            before = used_by(server)
            client.stdin.write("\n")
            client.stdin.flush()
            if client.stdout.readline() != "ready\n":
                raise RuntimeError("bench_hold did not connect")
            after = used_by(server)
    return tuple((now - then) / count for now, then in zip(after, before))


def run(setup):
    """Prints bytes per idle connection."""
    rounds = setup.rounds(2)
    count = setup.connections(CONNECTIONS)
    figures = {name: [] for name in setup.servers}
    for number in range(rounds):
        order = list(setup.servers)
        random.shuffle(order)
        for name in order:
            figures[name].append(measure(setup, setup.servers[name], count))
        report.progress("idle", number, rounds)

    def cell(name, column):
        heap = statistics.median(figure[0] for figure in figures[name])
        limit = LIMITS.get(name.split()[-1]) if name.startswith("coil") else None
        if column == "heap":
            return f"{heap:.0f}"
        if column == "pages":
            return f"{statistics.median(figure[1] for figure in figures[name]):.0f}"
        if limit is None:
            return ""
        return str(limit) if column == "limit" else "kept" if heap <= limit else "exceeded"

    report.table(f"Idle: bytes of user memory per accepted connection ({count:,} idle)",
                 setup.servers, ("heap", "pages", "limit", ""), cell, 10)
