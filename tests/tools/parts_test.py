"""How `make test` and `make dev` start and end, with fake parts and programs."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from machine import PROGRAMS, REPOSITORY, machine

MAKE = shutil.which("make")
MAKEFILE = "quick:\n\t@:\nbroken:\n\t@exit 3\nslow:\n\t@echo started; exec sleep 60\n"
# Variables of a make that runs these tests.
OUTER = ("MAKE", "MFLAGS", "PYTHON", "CHROMIUM", "INSTALL")


def environment(**variables):
    return {name: value for name, value in os.environ.items() if not name.startswith(OUTER)} | variables


class Parts(unittest.TestCase):
    def start(self, *parts):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        Path(folder, "Makefile").write_text(MAKEFILE)
        return subprocess.Popen(
            [REPOSITORY / "tools/parts", *parts],
            cwd=folder,
            env=environment(MAKE=MAKE),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # The parent process may ignore SIGINT, and children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def results(self, printed):
        """The time and the result of each part, from the table at the end."""
        table = printed.partition("how long each part took")[2]
        return {words[0]: words[1:] for words in map(str.split, table.splitlines()) if words and words[-1] != "part."}

    def test_it_prints_how_long_each_part_took(self):
        running = self.start("quick", "quick")
        printed, _ = running.communicate(timeout=30)
        self.assertEqual(running.returncode, 0)
        rows = re.findall(r"^  (\w+) +(\d+) s(?:  (\w+))?", printed, re.MULTILINE)
        self.assertEqual([(name, result) for name, _, result in rows], [("quick", "passed")] * 2 + [("total", "")])
        self.assertTrue(printed.endswith("\nall passed\n"))

    def test_it_stops_at_the_first_failure_and_prints_the_times(self):
        running = self.start("quick", "broken", "slow")
        printed, _ = running.communicate(timeout=30)
        self.assertEqual(running.returncode, 2, "the exit status of make")
        results = self.results(printed)
        self.assertEqual(results["quick"][-1], "passed")
        self.assertEqual(results["broken"][-1], "FAILED")
        self.assertEqual(results["slow"], ["-", "not", "run"])
        self.assertNotIn("started", printed)
        self.assertNotIn("all passed", printed)
        self.assertTrue(printed.endswith("\nmake broken runs only this part.\n"))

    def test_it_prints_the_times_after_an_interrupt(self):
        running = self.start("quick", "slow", "quick")
        self.assertEqual(running.stdout.readline(), "started\n")
        # As a terminal does, to all processes of the group.
        os.killpg(running.pid, signal.SIGINT)
        start = time.monotonic()
        printed, _ = running.communicate(timeout=30)
        self.assertLess(time.monotonic() - start, 20)
        self.assertEqual(running.returncode, 130)
        self.assertEqual(self.results(printed)["slow"][-1], "interrupted")


class Makefile(unittest.TestCase):
    def make(self, computer, *arguments):
        """The real Makefile with only the fake programs of the machine."""
        shutil.copy(REPOSITORY / "Makefile", computer.root)
        shutil.copy(REPOSITORY / "tools/parts", computer.root / "tools")
        done = subprocess.run(
            [MAKE, *arguments],
            cwd=computer.root,
            env=environment(
                PATH=str(computer.bin),
                HOME=str(computer.home),
                SSL_CERT_FILE=str(computer.certificates),
                PYTHON="python3",
            ),
            capture_output=True,
            text=True,
            timeout=30,
        )
        return done.stdout + done.stderr, done.returncode

    def machine(self, *missing, system="Linux"):
        computer = machine(self)
        computer.add({"cargo": computer.recording("cargo", PROGRAMS["cargo"]), "uname": f"echo {system}", "cksum": "", "cut": ""})
        computer.remove(*missing)
        return computer

    def test_dev_needs_only_rust(self):
        computer = self.machine("python3", "chromium", "openssl", "c++")
        printed, status = self.make(computer, "dev", "ARGS=--help")
        self.assertEqual(status, 0, printed)
        self.assertEqual(computer.calls()[-1], "cargo run --locked -p voicemint-dev --bin voicemint-dev -- --help")

    def test_both_stop_before_they_compile_if_something_is_missing(self):
        for target, program in (("dev", "cc"), ("test", "cc"), ("test", "chromium")):
            computer = self.machine(program)
            printed, status = self.make(computer, target)
            self.assertEqual(status, 2)
            self.assertIn(f"make {target} needs: ", printed)
            self.assertEqual({call.split()[-1] for call in computer.calls()} - {"--version"}, set())

    def parts(self, system):
        computer = self.machine(system=system)
        Path(computer.root, "show.mk").write_text("include Makefile\nshow:\n\t@echo $(PARTS)\n")
        printed, status = self.make(computer, "-f", "show.mk", "show")
        self.assertEqual(status, 0, printed)
        return printed.splitlines()[0].split()

    def test_each_part_of_test_is_a_target_that_help_lists(self):
        parts = self.parts("Linux")
        listed = re.findall(r"^([a-z0-9-]+):.* ## ", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
        self.assertEqual(set(parts) - set(listed), set())
        self.assertEqual(parts[0], "format", "the quickest part runs first")
        self.assertEqual(parts[-1], "e2e", "the slowest part runs last")
        self.assertEqual(parts[:-1], self.parts("Darwin"), "AWS's emulator runs only on Linux")

    def test_each_filter_of_arm64_skips_end_to_end_tests(self):
        filters = re.search(r"(?m)^ARM64_SKIPPED := (.*)$", (REPOSITORY / "Makefile").read_text())[1].split()
        modules = re.findall(r"(?m)^mod (\w+);$", (REPOSITORY / "tests/cases/main.rs").read_text())
        for name in filters:
            self.assertTrue([module for module in modules if name in f"{module}::"], name)

    def test_the_quick_checks_come_before_the_tests(self):
        parts = self.parts("Linux")
        quick = {"format", "spelling", "unused", "workflows", "deny", "template", "lint", "doc"}
        self.assertLessEqual(quick, set(parts[: parts.index("unit")]))


if __name__ == "__main__":
    unittest.main()
