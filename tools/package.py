"""Writes dist/, the files of a release: `make package`.

    package.py --binaries DIR --dist DIR ARCH...

DIR has the binaries that `make package` compiled, as ARCH/FUNCTION/bootstrap. The same binaries
always become the same files: no file has the time, the machine or the folder of a build in it.
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path

from providers import ROOT, providers
from sbom import sbom

# The earliest time that a zip file can have.
TIME = (1980, 1, 1, 0, 0, 0)
SBOM = "voicemint.cdx.json"
# samconfig.toml of a release: `sam deploy` in its folder needs no flag but the parameters.
SAMCONFIG = ROOT / "deploy/release.samconfig.toml"
# They deploy one function of a release by other means than sam.
EXAMPLES = [ROOT / "deploy/terraform/main.tf", ROOT / "deploy/cdk/voicemint.mjs"]


class Failed(Exception):
    """Its message is one sentence: the error, and what to do."""


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binaries", type=Path, required=True)
    parser.add_argument("--dist", type=Path, required=True)
    parser.add_argument("--tag", help="fails if the version is another one")
    parser.add_argument("architectures", nargs="+", choices=["arm64", "x86_64"], metavar="ARCH")
    given = parser.parse_args(arguments)
    try:
        check_version(version(), given.tag)
        given.dist.mkdir(parents=True, exist_ok=True)
        for old in given.dist.iterdir():
            if old.is_dir():
                raise Failed(f"{old} is a folder: {given.dist} has only the files of a release")
            old.unlink()
        package(given.binaries, given.dist, given.architectures)
    except Failed as error:
        return f"package: {error}"


def package(binaries, dist, architectures):
    functions = [provider.name for provider in providers()]
    programs = {}
    for architecture in architectures:
        for name in functions:
            program = binaries / architecture / name / "bootstrap"
            if not program.exists():
                raise Failed(f"there is no {program}: make package compiles it")
            programs[name, architecture] = program.read_bytes()
            write_zip(dist / zip_name(name, architecture), programs[name, architecture])
        (dist / template_name(architecture)).write_text(template(architecture))
    (dist / "samconfig.toml").write_text(SAMCONFIG.read_text())
    for example in EXAMPLES:
        (dist / example.name).write_bytes(example.read_bytes())
    (dist / f"voicemint-{version()}.tgz").write_bytes(npm_package())
    (dist / SBOM).write_text(sbom(programs))
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(dist.iterdir())]
    (dist / "SHA256SUMS").write_text("".join(sums))


def version():
    """The version of the workspace, which all parts of a release have."""
    return tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]


def check_version(wanted, tag):
    others = {
        "web/package.json": json.loads((ROOT / "web/package.json").read_text())["version"],
        "the tag": tag and tag.removeprefix("v"),
    }
    for where, other in others.items():
        if other and other != wanted:
            raise Failed(f"{where} has the version {other}, and Cargo.toml has {wanted}: set the same in both")


def zip_name(function, architecture):
    return f"voicemint-{function}-{architecture}.zip"


def template_name(architecture):
    return "template.yaml" if architecture == "arm64" else f"template-{architecture}.yaml"


def write_zip(path, program):
    """The zip of a function, as Lambda wants it: one executable file."""
    entry = zipfile.ZipInfo("bootstrap", TIME)
    entry.create_system = 3  # Unix, on any system: the mode counts
    entry.external_attr = 0o100755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(entry, program, compresslevel=9)


def template(architecture):
    """template.yaml with the zips of one architecture in place of the code. sam takes no parameter
    in the name of a local file, so each architecture has a template.
    """
    text = (ROOT / "template.yaml").read_text()
    text = re.sub(r"(?m)\A(# .*\n)+", f"# Voicemint {version()} for {architecture}, from the zips in this folder.\n", text)
    text = text.replace("      BuildMethod: rust-cargolambda\n", "")
    text, functions = re.subn(r"(?m)^      CodeUri: functions/(\S+)$", lambda hit: f"      CodeUri: {zip_name(hit[1], architecture)}", text)
    text, parameters = re.subn(
        r"(?m)^(  Architecture:\n    Type: String\n)    Default: .*\n    AllowedValues: .*\n    Description: .*\n",
        rf"\1    Default: {architecture}\n    AllowedValues: [{architecture}]\n    Description: Processor of the functions in the zips\n",
        text,
    )
    if functions != len(providers()) or parameters != 1:
        raise Failed("template.yaml has other lines than tools/package.py replaces: change that script")
    return text


def npm_package():
    """What `npm pack` makes of web/, but not private. `npm publish` refuses web/ itself. It also
    refuses this package outside of a workflow, because there it cannot attest the provenance.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", "--pack-destination", folder]
        # Otherwise npm looks for a newer version of itself.
        environment = os.environ | {"npm_config_update_notifier": "false"}
        done = subprocess.run(command, cwd=ROOT / "web", env=environment, capture_output=True, text=True, check=False)
        packed = list(Path(folder).iterdir())
        if done.returncode or len(packed) != 1:
            raise Failed(f"npm pack: {done.stderr.strip()}")
        with tarfile.open(packed[0]) as before:
            files = {entry.name: before.extractfile(entry).read() for entry in before}
    manifest = json.loads(files["package/package.json"])
    del manifest["private"]
    manifest["publishConfig"] = {"access": "public", "provenance": True}
    files["package/package.json"] = f"{json.dumps(manifest, indent=2)}\n".encode()
    made = io.BytesIO()
    # Neither the header of gzip nor the entries have the time.
    with gzip.GzipFile("", "wb", 9, made, mtime=0) as compressed, tarfile.open(mode="w", fileobj=compressed, format=tarfile.USTAR_FORMAT) as after:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            after.addfile(entry, io.BytesIO(content))
    return made.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
