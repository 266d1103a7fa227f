"""One function under AWS's Runtime Interface Emulator, which starts the function with the first
event.
"""

import json
import os
import sys
import tempfile

import processes
from client import Client, Response


class Emulator:
    def __init__(self, function, env, more=None):
        self.function = function
        runtime, front = processes.free_port(), processes.free_port()
        command = [
            os.environ["BENCH_EMULATOR"],
            "--runtime-api-address",
            f"127.0.0.1:{runtime}",
            "--runtime-interface-emulator-address",
            f"127.0.0.1:{front}",
            *function.command,
        ]
        environment = env.variables(function.provider) | {"LAMBDA_TASK_ROOT": str(function.folder)} | (more or {})
        self.port = front
        # The output of the emulator and the function.
        self._log = tempfile.TemporaryFile()
        self._process = processes.start(command, environment, self._log, function.folder)
        self._client = Client(front)
        self._pids = None
        # The emulator accepts events slightly before it can serve the function that the first event
        # starts.
        for port in (front, runtime):
            processes.wait_for_port(port, self._process, "AWS's Runtime Interface Emulator")
        processes.settled_cpu_ns([self._process.pid])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def invoke(self, event):
        """The response as bytes, and the seconds from the first byte of the event to the last of
        the response.
        """
        try:
            return self._client.invoke(event)
        except (OSError, ValueError) as error:
            sys.exit(f"{self.function.name} failed under the emulator: {error}\n{self.log()[-4000:]}")

    def call(self, event):
        content, _ = self.invoke(event)
        return Response(content)

    @property
    def pids(self):
        """The process IDs of the function, without the emulator."""
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

    def request_log(self):
        """The function's log lines about requests."""
        lines = [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]
        return [line for line in lines if "outcome" in line]

    def stop(self):
        self._client.close()
        # The function has its own process group, and the emulator would wait for it to end.
        pids = processes.descendants(self._process.pid)
        processes.stop(self._process)
        for pid in pids:
            processes.kill(pid)
        self._log.close()
