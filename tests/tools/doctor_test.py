"""tools/doctor on machines that have nothing, enough, or something that is too old."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
FAKES = dict.fromkeys(["cc", "c++", "make", "chromium", "openssl", "python3"], "")
FAKES["cargo"] = "echo 'cargo 1.95.0 (x 2026)'"
SETTINGS = ("AWS_", "CHROMIUM", "PYTHON")


class Doctor(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.root, self.bin = Path(folder, "root"), Path(folder, "bin")
        for path in (self.root / "tools", self.bin):
            path.mkdir(parents=True)
        for name in ("Cargo.toml", "tools/doctor"):
            Path(self.root, name).write_text((REPOSITORY / name).read_text())

    def have(self, commands):
        for name, script in commands.items():
            Path(self.bin, name).write_text(f"#!/bin/sh\n{script}\n")
            Path(self.bin, name).chmod(0o755)

    def run_it(self, **variables):
        """What it says line by line, and whether it is content. Nothing else is on the machine."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
        done = subprocess.run(
            ["/bin/sh", self.root / "tools/doctor"],
            env=environment | {"PATH": str(self.bin)} | variables,
            capture_output=True,
            text=True,
            timeout=30,
        )
        self.assertEqual(done.stderr, "")
        self.assertIn(done.returncode, (0, 1))
        return done.stdout, done.returncode == 0

    def test_where_nothing_is_it_says_what_each_thing_is_for_and_where_to_get_it(self):
        said, content = self.run_it()
        self.assertFalse(content)
        self.assertIn("\n9 missing.\n", said)
        lines = said.splitlines()
        for index, line in enumerate(lines):
            if line.startswith(("  MISSING", "  not here")):
                self.assertIn(": ", line)
                self.assertRegex(lines[index + 1], "^ {11}[^ ]", "the line behind it says what to do")
        for name in ("Rust 1.", "cc", "make", "cargo fmt", "cargo clippy", "c++", "Python 3.11", "chromium", "openssl"):
            self.assertIn(f"  MISSING  {name}", said)
        for name in ("sam, cargo-lambda, zig", "AWS access", "a region", "docker", "qemu-aarch64", "aws"):
            self.assertIn(f"  not here {name}", said)

    def test_it_is_content_with_what_dev_and_test_need(self):
        self.have(FAKES)
        said, content = self.run_it()
        self.assertTrue(content, said)
        self.assertIn("  ok       Rust 1.95.0: ", said)
        self.assertNotIn("MISSING", said)
        self.assertTrue(said.endswith("make dev and make test can run.\n"))

    def test_an_older_rust_is_told_beside_the_one_that_is_needed(self):
        wanted = (REPOSITORY / "Cargo.toml").read_text().partition('rust-version = "')[2].partition('"')[0]
        versions = {wanted: True, "1.200.0": True, "2.0.0-nightly": True, "1.94.0": False, "1.9.9": False}
        for version, good in versions.items():
            self.have(FAKES | {"cargo": f"echo 'cargo {version} (x 2026)'"})
            said, content = self.run_it()
            self.assertEqual(content, good, said)
            self.assertIn(f"Rust {version}" if good else f"Rust {wanted}, and not {version}", said)

    def test_what_is_there_but_does_not_run_is_missing(self):
        self.have(FAKES | {"cargo": "exit 1", "python3": "exit 1", "docker": "exit 1"})
        said, content = self.run_it()
        self.assertFalse(content)
        for line in ("MISSING  Rust", "MISSING  cargo clippy", "MISSING  Python 3.11", "not here a running Docker engine"):
            self.assertIn(line, said)

    def test_another_browser_may_do(self):
        self.have({name: script for name, script in FAKES.items() if name != "chromium"} | {"brave": ""})
        self.assertFalse(self.run_it()[1])
        self.assertTrue(self.run_it(CHROMIUM="brave")[1])

    def test_it_asks_aws_by_the_tools_or_by_the_aws_command(self):
        self.have(FAKES | {"aws": "echo arn:aws:iam::1:user/ada"})
        said, _ = self.run_it(AWS_REGION="eu-central-1")
        self.assertIn("  ok       AWS access as arn:aws:iam::1:user/ada\n  ok       region eu-central-1\n", said)
        self.have({"aws": "echo the token has expired >&2; exit 1"})
        self.assertIn("  not here AWS access: deploys (the token has expired)", self.run_it()[0])

    def test_what_make_venv_laid_is_tried(self):
        tools = self.root / ".venv/bin"
        tools.mkdir(parents=True)
        self.bin = tools
        python = "case $1 in -m) exit 1 ;; *) echo arn:aws:iam::1:role/it ;; esac"
        self.have({"sam": "", "cargo-lambda": "exit 1", "python": python})
        said, _ = self.run_it()
        self.assertIn("  ok       AWS access as arn:aws:iam::1:role/it", said)
        for line in ("ok       sam: ", "not here cargo-lambda: ", "not here zig: "):
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
