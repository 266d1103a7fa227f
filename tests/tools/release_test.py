"""One run of cargo compiles all functions: `sam build` runs cargo-lambda once per function, and every
run asks cargo for the same, so that all but the first find their work done.
"""

import itertools
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import tomllib
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
sys.path.append(str(REPOSITORY / "tools"))
from providers import providers  # noqa: E402

CARGO_LAMBDA = Path(sys.executable).with_name("cargo-lambda")
# Records what `cargo build` is asked for, and compiles nothing.
CARGO = """#!/bin/sh
if [ "$1" = build ]; then printf '%s\\n' "$@" > "$ASKED"; else exec "$REAL_CARGO" "$@"; fi
"""


class Release(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        Path(self.folder, "cargo").write_text(CARGO)
        Path(self.folder, "cargo").chmod(0o755)

    def asked(self, folder, *flags):
        """The packages and the other arguments that cargo-lambda passes to cargo in a folder."""
        asked, cargo = self.folder / "asked", str(self.folder / "cargo")
        environment = os.environ | {
            "ASKED": str(asked), "REAL_CARGO": shutil.which("cargo"), "CARGO": cargo, "CARGO_TARGET_DIR": str(self.folder / "target"),
            "PATH": f"{self.folder}:{CARGO_LAMBDA.parent}:{os.environ['PATH']}",
        }  # fmt: skip
        command = [CARGO_LAMBDA, "lambda", "build", "--skip-target-check", *flags]
        done = subprocess.run(command, cwd=REPOSITORY / folder, env=environment, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        words = asked.read_text().splitlines()
        asked.unlink()
        packages = [word for before, word in itertools.pairwise(words) if before == "--package"]
        # cargo-lambda passes the parts of --config in any order.
        return packages, sorted(word for word in words if word not in packages)

    def test_each_run_of_sam_build_asks_for_all_functions(self):
        names = [provider.name for provider in providers()]
        for flags in ((), ("--arm64",)):
            runs = [self.asked(f"functions/{name}", "--release", *flags) for name in names]
            self.assertEqual(runs[0][0], [f"voicemint-{name}" for name in names])
            self.assertEqual(runs, [runs[0]] * len(names))

    def test_make_package_asks_for_the_same_so_that_nothing_is_compiled_twice(self):
        own = {"arm64": "--arm64", "x86_64": "--x86-64"}
        for architecture, flag in own.items():
            # sam names no processor for x86_64, which only such a machine can then compile for.
            if architecture == "x86_64" and platform.machine() != "x86_64":
                continue
            sam = self.asked("functions/cartesia", "--release", *(["--arm64"] if architecture == "arm64" else []))
            packages, rest = self.asked(".", "--locked", "--release", "--lambda-dir", str(self.folder / "lambda"), flag)
            rest.remove("--locked")
            self.assertEqual((packages, rest), sam)

    def test_a_package_that_is_named_is_the_only_one(self):
        self.assertEqual(self.asked(".", "--profile", "floor", "-p", "voicemint-floor")[0], ["voicemint-floor"])

    def test_the_functions_that_share_the_run_have_one_program_each_with_the_name_of_the_provider(self):
        for provider in providers():
            manifest = tomllib.loads((provider.folder / "Cargo.toml").read_text())
            self.assertEqual(manifest["package"]["name"], f"voicemint-{provider.name}")
            self.assertEqual([program["name"] for program in manifest["bin"]], [provider.name])


if __name__ == "__main__":
    unittest.main()
