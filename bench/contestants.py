"""Who is measured: how each is started under the emulator, and what of it would be deployed."""

import io
import os
import re
import sys
import zipfile
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from world import ROOT, TARGET

PEERS = ROOT / "bench/peers"
# The runtimes of AWS bring these themselves (urllib3 as a part of botocore).
IN_PYTHON_RUNTIME = {"awslambdaric", "boto3", "botocore", "urllib3"}


@dataclass(frozen=True)
class Contestant:
    name: str
    title: str
    # The provider whose events it takes.
    provider: str
    command: list
    package: dict = field(repr=False)
    folder: Path = TARGET
    # Whether it mints at all, and whether it can resume a token.
    mints: bool = True
    resumes: bool = False

    def zip_bytes(self):
        """The size of its package, compressed as well as zip can (zip -9)."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
            for name, path in sorted(self.package.items()):
                package.write(path, name)
        return content.tell()


def contestants():
    binaries = Path(os.environ["BENCH_BINARIES"])
    return [
        binary("floor", "floor: a handler that does nothing", "cartesia", Path(os.environ["BENCH_FLOOR"]), mints=False),
        binary("cartesia", "Voicemint, Cartesia", "cartesia", binaries / "cartesia", resumes=True),
        binary("elevenlabs", "Voicemint, ElevenLabs", "elevenlabs", binaries / "elevenlabs"),
        binary("assemblyai", "Voicemint, AssemblyAI", "assemblyai", binaries / "assemblyai"),
        node(),
        python(),
    ]


def binary(name, title, provider, path, **more):
    return Contestant(name, title, provider, [path], {"bootstrap": path}, **more)


def node():
    """What esbuild made of it; AWS's runtime, which starts it, is in node_modules here."""
    bundle = TARGET / "node/handler.mjs"
    runtime = PEERS / "node/node_modules/aws-lambda-ric/index.mjs"
    command = [os.environ["BENCH_NODE"], runtime, "handler.handler"]
    package = {"handler.mjs": bundle}
    return Contestant("node", "Node.js", "cartesia", command, package, bundle.parent, resumes=True)


def python():
    """Its own files, and the libraries that AWS's runtime does not bring."""
    folder = PEERS / "python"
    command = [sys.executable, "-m", "awslambdaric", "handler.handle"]
    package = {path.name: path for path in folder.glob("*.py")} | libraries("pyjwt[crypto]")
    return Contestant("python", "Python", "cartesia", command, package, folder, resumes=True)


def libraries(requirement):
    """The files of a library, and of those that it needs."""
    name, extra = re.fullmatch(r"([\w.-]+)(?:\[(\w+)\])?.*", requirement).groups()
    if name.lower() in IN_PYTHON_RUNTIME:
        return {}
    distribution = metadata.distribution(name)
    parts = [part for part in distribution.files if part.suffix != ".pyc" and ".." not in part.parts]
    found = {str(part): distribution.locate_file(part) for part in parts}
    for line in distribution.requires or []:
        needed, _, marker = map(str.strip, line.partition(";"))
        wanted = re.findall(r"extra == ['\"](\w+)['\"]", marker)
        if (not wanted or extra in wanted) and is_installed(needed):
            found |= libraries(needed)
    return found


def is_installed(requirement):
    try:
        metadata.distribution(re.match(r"[\w.-]+", requirement).group())
    except metadata.PackageNotFoundError:
        return False
    return True
