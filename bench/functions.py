"""The functions that are measured: how each starts under the emulator, and what its package
contains.
"""

import io
import os
import re
import sys
import zipfile
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from authority import BUNDLE, ROOT as AUTHORITY
from env import ROOT, TARGET
from figures import VOICEMINT

PEERS = ROOT / "bench/peers"
# AWS's Python runtime includes these (urllib3 as a part of botocore).
IN_PYTHON_RUNTIME = {"awslambdaric", "boto3", "botocore", "urllib3"}


@dataclass(frozen=True)
class Function:
    name: str
    title: str
    # The provider whose events the function receives.
    provider: str
    command: list
    package: dict = field(repr=False)
    folder: Path = TARGET
    # The variables that make the function trust the servers over TLS.
    trust: dict = field(default_factory=lambda: {"SSL_CERT_FILE": str(TARGET / AUTHORITY)}, repr=False)
    # Whether the function mints tokens, and whether it can resume a token.
    mints: bool = True
    resumes: bool = False

    def zip_bytes(self):
        """The size of the package at the highest zip compression level (zip -9)."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
            for name, path in sorted(self.package.items()):
                package.write(path, name)
        return content.tell()


def all_functions():
    binaries = Path(os.environ["BENCH_BINARIES"])
    return [
        binary("floor", "floor: a handler that does nothing", "cartesia", Path(os.environ["BENCH_FLOOR"]), mints=False),
        *voicemint(binaries),
        node(),
        python(),
    ]


def voicemint(binaries):
    """The functions of Voicemint. Resuming is measured with Cartesia's, as the peers do the same."""
    return [
        binary(name, f"Voicemint, {title}", name, binaries / name, resumes=name == "cartesia")
        for name, title in VOICEMINT.items()
    ]


def binary(name, title, provider, path, **more):
    return Function(name, title, provider, [path], {"bootstrap": path}, **more)


def node():
    """The bundle that esbuild wrote. AWS's runtime, which starts it, comes from node_modules."""
    bundle = TARGET / "node/handler.mjs"
    runtime = PEERS / "node/node_modules/aws-lambda-ric/index.mjs"
    command = [os.environ["BENCH_NODE"], runtime, "handler.handler"]
    package = {"handler.mjs": bundle}
    trust = {"NODE_EXTRA_CA_CERTS": str(TARGET / AUTHORITY)}
    return Function("node", "Node.js", "cartesia", command, package, bundle.parent, trust, resumes=True)


def python():
    """The function's own files, and the libraries that AWS's runtime does not include."""
    folder = PEERS / "python"
    command = [sys.executable, "-m", "awslambdaric", "handler.handle"]
    package = {path.name: path for path in folder.glob("*.py")} | libraries("pyjwt[crypto]")
    trust = dict.fromkeys(["SSL_CERT_FILE", "AWS_CA_BUNDLE"], str(TARGET / BUNDLE))
    return Function("python", "Python", "cartesia", command, package, folder, trust, resumes=True)


def libraries(requirement):
    """The files of a library and of its dependencies."""
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
