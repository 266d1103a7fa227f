"""One function under AWS's Runtime Interface Emulator, which starts it with the first event and not before."""

import os
import sys
import tempfile

import processes
from client import Answer, Client


class Emulator:
    def __init__(self, contestant, world, more=None):
        self.contestant = contestant
        runtime, front = processes.free_port(), processes.free_port()
        command = [
            os.environ["BENCH_EMULATOR"],
            "--runtime-api-address",
            f"127.0.0.1:{runtime}",
            "--runtime-interface-emulator-address",
            f"127.0.0.1:{front}",
            *contestant.command,
        ]
        environment = world.environment() | {"LAMBDA_TASK_ROOT": str(contestant.folder)} | (more or {})
        self.port = front
        # Everything that the emulator and the function write.
        self._log = tempfile.TemporaryFile()
        self._process = processes.start(command, environment, self._log, contestant.folder)
        self._client = Client(front)
        self._pids = None
        # It takes events a moment before it can serve the function that the first of them starts.
        for port in (front, runtime):
            processes.wait_for_port(port, self._process, "AWS's Runtime Interface Emulator")
        processes.settled_cpu_ns([self._process.pid])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def invoke(self, event):
        """The answer's bytes, and the seconds from the event's first byte to the answer's last."""
        try:
            return self._client.invoke(event)
        except (OSError, ValueError) as error:
            sys.exit(f"{self.contestant.name} failed under the emulator: {error}\n{self.log()[-4000:]}")

    def answer(self, event):
        content, _ = self.invoke(event)
        return Answer(content)

    @property
    def pids(self):
        """The function's processes, without the emulator's own."""
        if not self._pids:
            self._pids = processes.descendants(self._process.pid)
        return self._pids

    def cpu_ns(self):
        return processes.settled_cpu_ns(self.pids)

    def peak_memory(self):
        return processes.peak_memory(self.pids)

    def log(self):
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def stop(self):
        self._client.close()
        # The emulator would give the function time to end by itself; the function is in a group of its own.
        pids = processes.descendants(self._process.pid)
        processes.stop(self._process)
        for pid in pids:
            processes.kill(pid)
        self._log.close()
