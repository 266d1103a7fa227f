"""tools/remap: the folder of the code is not in what is compiled, and the flags of cargo-lambda stay."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from packed import ROOT

# A panic has the path of its file.
CODE = 'fn main() { panic!("{:?}", std::env::args()); }\n'
MANIFEST = '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2024"\n'
REPLACED = ("RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS", "CARGO_TARGET_DIR")


class Remap(unittest.TestCase):
    def copy(self):
        """A folder with tools/remap and a program."""
        folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="voicemint-")))
        Path(folder, "tools").mkdir()
        shutil.copy(ROOT / "tools/remap", folder / "tools")
        Path(folder, "src").mkdir()
        Path(folder, "src/main.rs").write_text(CODE)
        Path(folder, "Cargo.toml").write_text(MANIFEST)
        return folder

    def flags(self, folder, **variables):
        environment = os.environ | variables
        return subprocess.run([folder / "tools/remap"], env=environment, capture_output=True, text=True, check=True).stdout

    def compiled(self, folder, *flags):
        command = ["rustc", "--edition=2024", "-Cstrip=debuginfo", *flags, "--out-dir", folder, folder / "src/main.rs"]
        subprocess.run(command, check=True, capture_output=True)
        return (folder / "main").read_bytes()

    def test_the_same_code_in_two_folders_becomes_the_same_program(self):
        folders = [self.copy(), self.copy()]
        first, second = (self.compiled(folder, *self.flags(folder).split()) for folder in folders)
        self.assertEqual(first, second)
        self.assertIn(b"/voicemint/src/main.rs", first)
        # Without the flags it has the folder.
        self.assertIn(bytes(folders[0]), self.compiled(folders[0]))

    def test_the_target_folder_and_cargos_packages_have_the_same_names_wherever_they_are(self):
        folder = self.copy()
        for target, home in (("/a/target", "/a/cargo"), (f"{folder}/out", f"{folder}/out/cargo")):
            pairs = [flag.removeprefix("--remap-path-prefix=").rsplit("=", 1) for flag in self.flags(folder, CARGO_TARGET_DIR=target, CARGO_HOME=home).split()]
            self.assertEqual(pairs[:3], [[str(folder), "/voicemint"], [target, "/target"], [home, "/cargo"]])
            self.assertRegex(pairs[3][1], r"^/rustc/[0-9a-f]{40}$")

    def test_whatever_make_compiles_for_lambda_has_the_flags_and_is_compiled_once(self):
        for target in ("package", "sam-build", "binaries", "arm64"):
            command = ["make", "--dry-run", "--no-print-directory", "HOST=x86_64", "INSTALL=no", target]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            found = [line.strip() for line in done.stdout.splitlines() if re.search(r"\b(sam|lambda) build\b", line) and "printf" not in line]
            self.assertTrue(found, (target, done.stderr))
            for line in found:
                self.assertTrue(line.startswith('CARGO_BUILD_RUSTFLAGS="$(tools/remap)" '), line)
                self.assertNotIn("-C ", line)

    def test_cargo_adds_the_flags_to_those_of_cargo_lambda(self):
        folder = self.copy()
        environment = {name: value for name, value in os.environ.items() if name not in REPLACED}
        command = ["cargo", "check", "--verbose", "--offline", "--config", 'build.rustflags=["-C", "target-cpu=native"]']
        done = subprocess.run(command, cwd=folder, env=environment | {"CARGO_BUILD_RUSTFLAGS": self.flags(folder)}, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("target-cpu=native", done.stderr)
        self.assertIn(f"--remap-path-prefix={folder}=/voicemint", done.stderr)


if __name__ == "__main__":
    unittest.main()
