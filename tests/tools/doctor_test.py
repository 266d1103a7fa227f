"""tools/doctor on machines that have nothing, enough, or something that is too old."""

import subprocess
import sys
import tempfile
import unittest

from machine import PROGRAMS, REPOSITORY, machine


class Doctor(unittest.TestCase):
    def setUp(self):
        self.computer = machine(self, programs={})

    def have(self, programs):
        self.computer.have(programs)

    def run_it(self, **variables):
        """What it says line by line, and whether it is content. Nothing else is on the machine."""
        said, error, status = self.computer.run("tools/doctor", **variables)
        self.assertEqual(error, "")
        self.assertIn(status, (0, 1))
        return said, status == 0

    def test_where_nothing_is_it_says_what_each_thing_is_for_and_where_to_get_it(self):
        said, content = self.run_it()
        self.assertFalse(content)
        self.assertIn("\n10 missing. ", said)
        lines = said.splitlines()
        for index, line in enumerate(lines):
            if line.startswith(("  MISSING", "  absent")):
                self.assertIn(": ", line)
                self.assertRegex(lines[index + 1], "^ {11}[^ ]", "the line behind it says what to do")
        names = ("Rust 1.", "a C compiler", "make", "cargo fmt", "cargo clippy", "a C++ compiler", "Python 3.11", "Chromium", "openssl", "curl")
        for name in names:
            self.assertIn(f"  MISSING  {name}", said)
        for name in ("sam, cargo-lambda, zig", "AWS access", "a region", "docker", "qemu-aarch64", "aws"):
            self.assertIn(f"  absent   {name}", said)

    def test_it_is_content_with_what_dev_and_test_need(self):
        self.have(PROGRAMS)
        said, content = self.run_it()
        self.assertTrue(content, said)
        self.assertIn("  ok       Rust 1.95.0: ", said)
        self.assertNotIn("MISSING", said)
        self.assertTrue(said.endswith("make dev and make test can run.\n"))

    def test_it_says_what_installs_each_thing_and_all_of_it(self):
        self.have({name: script for name, script in PROGRAMS.items() if name not in ("c++", "openssl")})
        self.computer.have_manager("apt-get")
        said, content = self.run_it()
        self.assertFalse(content)
        install = "apt-get install --yes --no-install-recommends"
        self.assertIn(f"release\n           {install} g++\n", said)
        self.assertIn(f"page\n           {install} openssl\n", said)
        self.assertIn(f"\n2 missing. make test installs what it can. This command installs everything:\n\n    apt-get update && {install} g++ openssl\n", said)
        self.assertEqual(self.computer.calls(), [], "it installs nothing by itself")

    def test_an_older_rust_is_told_beside_the_one_that_is_needed(self):
        wanted = (REPOSITORY / "Cargo.toml").read_text().partition('rust-version = "')[2].partition('"')[0]
        versions = {wanted: True, "1.200.0": True, "2.0.0-nightly": True, "1.94.0": False, "1.9.9": False}
        for version, good in versions.items():
            self.have(PROGRAMS | {"cargo": f"echo 'cargo {version} (x 2026)'"})
            said, content = self.run_it()
            self.assertEqual(content, good, said)
            self.assertIn(f"Rust {version}" if good else f"Rust {wanted}, not {version}", said)

    def test_what_is_there_but_does_not_run_is_missing(self):
        self.have(PROGRAMS | {"cargo": "exit 1", "python3": "exit 1", "docker": "exit 1"})
        said, content = self.run_it()
        self.assertFalse(content)
        for line in ("MISSING  Rust", "MISSING  cargo clippy", "MISSING  Python 3.11", "absent   a running Docker engine"):
            self.assertIn(line, said)

    def test_another_browser_may_do(self):
        self.have({name: script for name, script in PROGRAMS.items() if name != "chromium"} | {"brave": ""})
        self.assertFalse(self.run_it()[1])
        self.assertTrue(self.run_it(CHROMIUM="brave")[1])

    def test_it_asks_aws_by_the_tools_or_by_the_aws_command(self):
        self.have(PROGRAMS | {"aws": "echo arn:aws:iam::1:user/ada"})
        said, _ = self.run_it(AWS_REGION="eu-central-1")
        self.assertIn("  ok       AWS access as arn:aws:iam::1:user/ada\n  ok       region eu-central-1\n", said)
        self.have({"aws": "echo the token has expired >&2; exit 1"})
        self.assertIn("  absent   AWS access: deploys (the token has expired)", self.run_it()[0])

    def test_what_make_venv_laid_is_tried(self):
        tools = self.computer.root / ".venv/bin"
        tools.mkdir(parents=True)
        self.computer.bin = tools
        python = "case $1 in -m) exit 1 ;; *) echo arn:aws:iam::1:role/it ;; esac"
        self.have({"sam": "", "cargo-lambda": "exit 1", "python": python})
        said, _ = self.run_it()
        self.assertIn("  ok       AWS access as arn:aws:iam::1:role/it", said)
        for line in ("ok       sam: ", "absent   cargo-lambda: ", "absent   zig: "):
            self.assertIn(f"  {line}", said)

    def test_the_tools_say_who_aws_takes_them_for(self):
        script = [sys.executable, REPOSITORY / "tools/aws.py"]
        with tempfile.TemporaryDirectory() as home:
            nobody = {"PATH": "", "HOME": home, "AWS_EC2_METADATA_DISABLED": "true"}
            done = subprocess.run(script, env=nobody, capture_output=True, text=True, timeout=30)
        self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (1, "", 1))
        self.assertIn("credentials", done.stderr)


if __name__ == "__main__":
    unittest.main()
