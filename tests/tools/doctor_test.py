"""tools/doctor on machines with nothing, with everything, and with old versions."""

import subprocess
import sys
import tempfile
import unittest

from machine import PROGRAMS, REPOSITORY, machine


class Doctor(unittest.TestCase):
    def setUp(self):
        self.computer = machine(self, programs={})

    def add(self, programs):
        self.computer.add(programs)

    def run_it(self, **variables):
        """The output, and whether everything that is needed is present."""
        printed, error, status = self.computer.run("tools/doctor", **variables)
        self.assertEqual(error, "")
        self.assertIn(status, (0, 1))
        return printed, status == 0

    def test_it_lists_everything_on_an_empty_machine_with_its_use_and_installation(self):
        printed, complete = self.run_it()
        self.assertFalse(complete)
        self.assertIn("\n10 missing. ", printed)
        lines = printed.splitlines()
        for index, line in enumerate(lines):
            if line.startswith(("  MISSING", "  absent")):
                self.assertIn(": ", line)
                self.assertRegex(lines[index + 1], "^ {11}[^ ]", "the next line says how to install it")
        names = ("Rust 1.", "a C compiler", "make", "cargo fmt", "cargo clippy", "a C++ compiler", "Python 3.11", "Chromium", "openssl", "curl")
        for name in names:
            self.assertIn(f"  MISSING  {name}", printed)
        for name in ("sam, cargo-lambda, zig", "AWS access", "a region", "docker", "qemu-aarch64", "aws"):
            self.assertIn(f"  absent   {name}", printed)

    def test_it_succeeds_if_dev_and_test_can_run(self):
        self.add(PROGRAMS)
        printed, complete = self.run_it()
        self.assertTrue(complete, printed)
        self.assertIn("  ok       Rust 1.95.0: ", printed)
        self.assertNotIn("MISSING", printed)
        self.assertTrue(printed.endswith("make dev and make test can run.\n"))

    def test_it_prints_how_to_install_each_thing_and_everything(self):
        self.add({name: script for name, script in PROGRAMS.items() if name not in ("c++", "openssl")})
        self.computer.add_manager("apt-get")
        printed, complete = self.run_it()
        self.assertFalse(complete)
        install = "apt-get install --yes --no-install-recommends"
        self.assertIn(f"release\n           {install} g++\n", printed)
        self.assertIn(f"page\n           {install} openssl\n", printed)
        self.assertIn(f"\n2 missing. make test installs what it can. This command installs everything:\n\n    apt-get update && {install} g++ openssl\n", printed)
        self.assertEqual(self.computer.calls(), [], "it installs nothing")

    def test_it_prints_the_version_of_an_old_rust_and_the_required_version(self):
        required = (REPOSITORY / "Cargo.toml").read_text().partition('rust-version = "')[2].partition('"')[0]
        versions = {required: True, "1.200.0": True, "2.0.0-nightly": True, "1.94.0": False, "1.9.9": False}
        for version, good in versions.items():
            self.add(PROGRAMS | {"cargo": f"echo 'cargo {version} (x 2026)'"})
            printed, complete = self.run_it()
            self.assertEqual(complete, good, printed)
            self.assertIn(f"Rust {version}" if good else f"Rust {required}, not {version}", printed)

    def test_programs_that_do_not_run_are_missing(self):
        self.add(PROGRAMS | {"cargo": "exit 1", "python3": "exit 1", "docker": "exit 1"})
        printed, complete = self.run_it()
        self.assertFalse(complete)
        for line in ("MISSING  Rust", "MISSING  cargo clippy", "MISSING  Python 3.11", "absent   a running Docker engine"):
            self.assertIn(line, printed)

    def test_another_browser_is_accepted(self):
        self.add({name: script for name, script in PROGRAMS.items() if name != "chromium"} | {"brave": ""})
        self.assertFalse(self.run_it()[1])
        self.assertTrue(self.run_it(CHROMIUM="brave")[1])

    def test_it_finds_the_aws_identity_by_the_tools_or_by_the_aws_command(self):
        self.add(PROGRAMS | {"aws": "echo arn:aws:iam::1:user/ada"})
        printed, _ = self.run_it(AWS_REGION="eu-central-1")
        self.assertIn("  ok       AWS access as arn:aws:iam::1:user/ada\n  ok       region eu-central-1\n", printed)
        self.add({"aws": "echo the token has expired >&2; exit 1"})
        self.assertIn("  absent   AWS access: deploys (the token has expired)", self.run_it()[0])

    def test_it_runs_the_tools_that_make_venv_installed(self):
        tools = self.computer.root / ".venv/bin"
        tools.mkdir(parents=True)
        self.computer.bin = tools
        python = "case $1 in -m) exit 1 ;; *) echo arn:aws:iam::1:role/it ;; esac"
        self.add({"sam": "", "cargo-lambda": "exit 1", "python": python})
        printed, _ = self.run_it()
        self.assertIn("  ok       AWS access as arn:aws:iam::1:role/it", printed)
        for line in ("ok       sam: ", "absent   cargo-lambda: ", "absent   zig: "):
            self.assertIn(f"  {line}", printed)

    def test_a_missing_aws_identity_is_one_line(self):
        script = [sys.executable, REPOSITORY / "tools/aws.py"]
        with tempfile.TemporaryDirectory() as home:
            environment = {"PATH": "", "HOME": home, "AWS_EC2_METADATA_DISABLED": "true"}
            done = subprocess.run(script, env=environment, capture_output=True, text=True, timeout=30)
        self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (1, "", 1))
        self.assertIn("credentials", done.stderr)


if __name__ == "__main__":
    unittest.main()
