"""Child processes that end with the run, and their cost: CPU time in nanoseconds and peak memory.
"""

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

# Below the kernel's ephemeral ports, so that no outgoing connection takes one of these.
PORTS = range(10_000, 32_000)
GRACE = 2


def start(command, environment, output=subprocess.DEVNULL, folder=None):
    """Starts a process with exactly this environment. It ends at the latest with the current
    process.
    """
    # Ctrl-C reaches the current process only, which then ends its children.
    return subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", "--", *map(str, command)],
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def stop(process):
    process.terminate()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def kill(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def free_port():
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def wait_for_port(port, process, what, seconds=30):
    deadline = time.monotonic() + seconds
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"{what} did not start.")
        time.sleep(0.002)


def descendants(pid):
    """All direct and indirect child processes."""
    children = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):
                # The name, in parentheses, may contain any characters.
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(folder.name))
    found, wanted = [], [pid]
    while wanted:
        below = children.get(wanted.pop(), [])
        found += below
        wanted += below
    return found


def cpu_ns(pids):
    """The CPU time of the processes, over all threads, including ended ones.

    Linux's CPU clock of another process (clock_getcpuclockid(3)) counts nanoseconds; /proc/PID/stat
    counts ticks of 10 ms.
    """
    return sum(time.clock_gettime_ns(~pid << 3 | 2) for pid in pids)


def settled_cpu_ns(pids, quiet=0.004, max_wait=0.1):
    """The CPU time once it stops growing: work after the response is part of its cost."""
    deadline = time.monotonic() + max_wait
    before = cpu_ns(pids)
    while True:
        time.sleep(quiet)
        now = cpu_ns(pids)
        if now == before or time.monotonic() > deadline:
            return now
        before = now


def peak_memory(pids):
    """The peak memory of the processes (VmHWM), in bytes."""
    total = 0
    for pid in pids:
        status = Path(f"/proc/{pid}/status").read_text()
        total += next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) * 1024
    return total
