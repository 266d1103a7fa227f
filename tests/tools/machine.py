"""A fake machine for tools/setup and tools/doctor. Its PATH contains only fake programs, so no test
installs anything.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
# The programs that `make dev` and `make test` need.
PROGRAMS = dict.fromkeys(["cc", "c++", "make", "chromium", "openssl", "curl", "python3"], "")
PROGRAMS["cargo"] = "echo 'cargo 1.95.0 (x 2026)'"
PROGRAMS_OF = {
    "gcc": ["cc"], "g++": ["c++"], "make": ["make"], "chromium": ["chromium"], "openssl": ["openssl"], "curl": ["curl"],
    "python3-venv": ["python3"], "python": ["python3"], "openssl@3": ["openssl"], "google-chrome": ["google-chrome"],
}  # fmt: skip
SETTINGS = ("AWS_", "CARGO", "CHROMIUM", "INSTALL", "MAKE", "MFLAGS", "PYTHON", "RUSTUP", "SSL_CERT")


class Machine:
    def __init__(self, folder, programs=PROGRAMS, user=1000):
        self.root, self.bin, self.home = (Path(folder, name) for name in ("root", "bin", "home"))
        for path in (self.root / "tools", self.bin, self.home):
            path.mkdir(parents=True)
        for name in ("Cargo.toml", "tools/needs", "tools/setup", "tools/doctor"):
            Path(self.root, name).write_bytes((REPOSITORY / name).read_bytes())
            Path(self.root, name).chmod(0o755)
        self.certificates, self.os_release, self._calls = (Path(folder, name) for name in ("ca.crt", "os-release", "calls"))
        self.certificates.write_text("a certificate")
        self.os_release.write_text("ID=debian\n")
        self._calls.write_text("")
        self.add(programs | {"id": f"echo {user}", "env": 'shift; exec "$@"'})

    def add(self, programs):
        """Adds fake programs: a script for each name."""
        for name, script in programs.items():
            self._write(name, f"#!/bin/sh\n{script}\n")

    def remove(self, *names):
        for name in names:
            Path(self.bin, name).unlink(missing_ok=True)

    def add_manager(self, name, brings="", fails=False):
        """Adds a package manager that records its calls. The programs of its packages run the
        script `brings`.
        """
        script = f"""#!{sys.executable}
import sys
from pathlib import Path
words = [word for word in sys.argv[1:] if not word.startswith("-")]
with open({str(self._calls)!r}, "a") as calls:
    print({name!r}, *words, file=calls)
if words[0] == "install":
    if {fails}:
        sys.exit("no network")
    for package in words[1:]:
        for program in {PROGRAMS_OF}.get(package, []):
            Path({str(self.bin)!r}, program).write_text("#!/bin/sh\\n" + {brings!r})
            Path({str(self.bin)!r}, program).chmod(0o755)
"""
        self._write(name, script)

    def recording(self, name, then=""):
        """A script that records its calls."""
        return f'echo {name} "$@" >> {self._calls}\n{then}'

    def run(self, *command, **variables):
        """Runs a tool with only the fake programs: (standard output, standard error, exit status)."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
        environment |= {
            "PATH": str(self.bin),
            "HOME": str(self.home),
            "PYTHON": "python3",
            "SSL_CERT_FILE": str(self.certificates),
            "OS_RELEASE": str(self.os_release),
        }
        done = subprocess.run(
            ["/bin/sh", self.root / command[0], *command[1:]],
            env=environment | variables,
            capture_output=True,
            text=True,
            timeout=30,
        )
        return done.stdout, done.stderr, done.returncode

    def calls(self):
        """The recorded calls since the last call of this method."""
        calls = self._calls.read_text().splitlines()
        self._calls.write_text("")
        return calls

    def _write(self, name, text):
        Path(self.bin, name).write_text(text)
        Path(self.bin, name).chmod(0o755)


def machine(test, **settings):
    """A machine that exists until the test ends."""
    return Machine(test.enterContext(tempfile.TemporaryDirectory()), **settings)
