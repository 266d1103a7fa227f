"""Packages are installed as their lock files say, and their installation runs none of their code."""

import re
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
COMMANDS = [
    REPOSITORY / "Makefile",
    *(REPOSITORY / ".github/workflows").glob("*.yml"),
    *(REPOSITORY / ".ci").iterdir(),
    *(path for path in (REPOSITORY / "tools").iterdir() if path.is_file() and path.suffix in ("", ".py")),
]
# AWS's Node.js runtime compiles itself. It is installed only for benchmarks, in no job with
# credentials.
COMPILED = "BENCH_PEER_STAMP"
INSTALLS = r"^.*\b(?:pip3? install|npm (?:ci|install|i)\b).*$"


def rules(text):
    """Each command that installs packages, with its rule in the Makefile. Continued lines are
    joined.
    """
    rule = ""
    for line in text.replace("\\\n", " ").splitlines():
        if line and not line[0].isspace():
            rule = line
        if re.match(INSTALLS, line) and not line.lstrip().startswith("#"):
            yield rule, line


class Packages(unittest.TestCase):
    def test_installation_runs_no_code_and_uses_the_lock_file(self):
        found = []
        for path in COMMANDS:
            for rule, line in rules(path.read_text()):
                found.append(line)
                with self.subTest(path=path.name, line=line.strip()):
                    if "pip" in line:
                        self.assertIn("--only-binary :all:", line)
                        self.assertIn("--require-hashes", line)
                        self.assertIn("--no-deps", line)
                    else:
                        self.assertIn("npm ci ", line)
                        self.assertEqual("--ignore-scripts" in line, COMPILED not in rule)
        self.assertGreaterEqual(len(found), 6)

    def test_every_locked_python_package_has_hashes(self):
        locks = [path for path in REPOSITORY.rglob("*.lock") if path.name != "Cargo.lock" and "node_modules" not in path.parts]
        self.assertGreaterEqual(len([path for path in locks if ".venv" not in path.parts]), 4)
        for path in locks:
            if {".venv", "target"} & set(path.parts):
                continue
            entries = re.split(r"(?m)^(?=[a-zA-Z0-9])", path.read_text().replace("\\\n", " "))
            for entry in entries:
                if re.match(r"[a-zA-Z0-9]", entry):
                    self.assertRegex(entry.split("\n")[0], r"^[\w.\[\]-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", path.name)


if __name__ == "__main__":
    unittest.main()
