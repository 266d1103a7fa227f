"""`make unused` and `make spelling` find planted mistakes, with the settings of this repository."""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent


class Case(unittest.TestCase):
    def folder(self, **files):
        """A folder with these files; `__` in a name stands for a folder."""
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name, text in files.items():
            name = name.replace("__", "/")
            path = folder / (f"{name}.rs" if "." not in name else name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return folder

    def run_in(self, folder, *command):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
        return done.stdout + done.stderr, done.returncode


class Unused(Case):
    def check(self, code):
        package = '[package]\nname = "{}"\nversion = "0.1.0"\nedition = "2024"\n'
        folder = self.folder(
            **{
                "Cargo.toml": package.format("app") + '[dependencies]\nplanted = { path = "planted" }\n[workspace]\nmembers = ["planted"]\n',
                "src__lib": code,
                "src__alone": "pub fn alone() {}",
                "planted__Cargo.toml": package.format("planted"),
                "planted__src__lib": "pub fn planted() {}",
            }
        )
        lock, status = self.run_in(folder, "cargo", "generate-lockfile", "--offline")
        self.assertEqual(status, 0, lock)
        return self.run_in(folder, PROGRAMS / "cargo-shear", "--locked", "--deny-warnings")

    def test_it_accepts_a_dependency_that_is_used(self):
        printed, status = self.check("mod alone;\npub use planted::planted;")
        self.assertEqual(status, 0, printed)

    def test_it_finds_a_dependency_that_no_code_uses(self):
        printed, status = self.check("mod alone;")
        self.assertNotEqual(status, 0)
        self.assertIn("unused dependency `planted`", printed)

    def test_it_finds_a_file_that_no_module_includes(self):
        printed, status = self.check("pub use planted::planted;")
        self.assertNotEqual(status, 0)
        self.assertIn("src/alone.rs", printed)


class Spelling(Case):
    # In two parts, so that `make spelling` accepts this file.
    WRONG = "rec" + "ieve"
    BASE64 = "5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX"

    def check(self, **files):
        folder = self.folder(**files)
        shutil.copy(REPOSITORY / "typos.toml", folder)
        return self.run_in(folder, PROGRAMS / "typos", "--format", "brief")

    def test_it_finds_misspelled_words_in_prose_code_and_workflows(self):
        for name in ("README.md", "code", "test.py", ".github__workflows__ci.yml"):
            with self.subTest(name=name):
                printed, status = self.check(**{name: f"# They {self.WRONG} it.\nfn {self.WRONG}_all()"})
                self.assertNotEqual(status, 0)
                self.assertEqual(printed.count(self.WRONG), 2, printed)

    def test_lock_files_test_vectors_and_base64_are_not_checked(self):
        printed, status = self.check(
            **{
                "Cargo.lock": self.WRONG,
                "tools__requirements.lock": self.WRONG,
                "package-lock.json": self.WRONG,
                "fuzz__corpus__token__seed": self.WRONG,
                "code": f'const TOKEN: &str = "{self.BASE64}";\nconst HEADER: &str = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0.{self.BASE64}";',
            }
        )
        self.assertEqual(status, 0, printed)


if __name__ == "__main__":
    unittest.main()
