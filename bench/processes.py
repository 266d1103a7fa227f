"""Child processes that do not outlive the run, and what they cost: CPU time in nanoseconds, peak memory."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

# Below the ports that the kernel gives out by itself, so that no connection in between takes one.
PORTS = range(10_000, 32_000)
GRACE = 2


def start(command, environment, output=subprocess.DEVNULL, folder=None):
    """A process with this environment and no other, which ends with this one at the latest."""
    # Ctrl-C is for this process alone, which then ends its children.
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
    """The processes that a process started, and those that they started."""
    children = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):
                # The name, in brackets, may hold anything.
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(folder.name))
    found, wanted = [], [pid]
    while wanted:
        below = children.get(wanted.pop(), [])
        found += below
        wanted += below
    return found


def cpu_ns(pids):
    """The CPU time that processes have used, all their threads together, those that have ended too.

    Linux's CPU clock of another process (clock_getcpuclockid(3)): nanoseconds, where /proc/PID/stat has ticks of 10 ms.
    """
    return sum(time.clock_gettime_ns(~pid << 3 | 2) for pid in pids)


def settled_cpu_ns(pids, still=0.004, most=0.1):
    """The same once nothing has been added for a moment: what an answer leaves to do is part of its cost."""
    deadline = time.monotonic() + most
    before = cpu_ns(pids)
    while True:
        time.sleep(still)
        now = cpu_ns(pids)
        if now == before or time.monotonic() > deadline:
            return now
        before = now


def peak_memory(pids):
    """The most memory that processes have had at a time (VmHWM), in bytes."""
    total = 0
    for pid in pids:
        status = Path(f"/proc/{pid}/status").read_text()
        total += next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) * 1024
    return total
