"""A release that is packed from small files in place of binaries."""

import atexit
import sys
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools"))
import package  # noqa: E402
from providers import providers  # noqa: E402

ARCHITECTURES = ("arm64", "x86_64")
FUNCTIONS = [provider.name for provider in providers()]


def program(function, architecture):
    return f"{function} for {architecture}\n".encode() * 40


def compiled(folder):
    """What `make package` compiles."""
    for architecture in ARCHITECTURES:
        for function in FUNCTIONS:
            path = Path(folder, architecture, function, "bootstrap")
            path.parent.mkdir(parents=True)
            path.write_bytes(program(function, architecture))
    return folder


def pack(folder, *arguments):
    """The error, if there is one, and the folder with the release."""
    dist = Path(folder, "dist")
    binaries = compiled(Path(folder, "binaries"))
    return package.main(["--binaries", str(binaries), "--dist", str(dist), *arguments, *ARCHITECTURES]), dist


@cache
def dist():
    """One release, which the tests only read."""
    folder = tempfile.TemporaryDirectory(prefix="voicemint-")
    atexit.register(folder.cleanup)
    error, made = pack(folder.name)
    if error:
        raise AssertionError(error)
    return made
