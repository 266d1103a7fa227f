"""The software bill of materials of a release (CycloneDX 1.6, JSON): the functions with the checksum
of each binary, and every crate that is linked into one, with its license and its checksum in
Cargo.lock. It has no time and no serial number, so the same code always has the same one.
"""

import hashlib
import json
import re
import subprocess
import tomllib

from providers import ROOT, providers

TARGETS = {"arm64": "aarch64-unknown-linux-gnu", "x86_64": "x86_64-unknown-linux-gnu"}
OWN = "voicemint"


def sbom(programs):
    """The document for these programs, by function and architecture."""
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]
    checksums = {(of["name"], of["version"]): of.get("checksum") for of in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]}
    licenses, edges = {}, {}
    for architecture in sorted({architecture for _, architecture in programs}):
        read(linked(TARGETS[architecture]), licenses, edges)
    std = standard_library()
    for of in edges.values():
        of.add(reference(std))
    release = {"type": "application", "bom-ref": OWN, "name": OWN, "version": workspace["version"], "licenses": [{"license": {"id": workspace["license"]}}]}
    components = [component(crate, licenses[crate], checksums.get(crate)) for crate in sorted(licenses)] + [
        {"type": "library", "bom-ref": reference(std), "name": std[0], "version": std[1], "licenses": [{"expression": "MIT OR Apache-2.0"}]}
    ]
    files = [
        {
            "type": "file",
            "bom-ref": f"{name}-{architecture}",
            "name": f"voicemint-{name}-{architecture}.zip/bootstrap",
            "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(program).hexdigest()}],
        }
        for (name, architecture), program in sorted(programs.items())
    ]
    crates = {name: reference((f"{OWN}-{name}", workspace["version"])) for name, _ in programs}
    depends = {OWN: [of["bom-ref"] for of in files]}
    depends |= {f"{name}-{architecture}": [crates[name]] for name, architecture in sorted(programs)}
    depends |= {reference(crate): sorted(edges[crate]) for crate in sorted(edges)}
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": release},
        "components": [*files, *components],
        "dependencies": [{"ref": ref, "dependsOn": on} for ref, on in depends.items()],
    }
    return f"{json.dumps(document, indent=1)}\n"


def linked(target):
    """The crates that cargo links into the functions, as a tree: one run for all functions, because
    one run compiles them. Macros and build scripts are not linked.
    """
    packages = [word for provider in providers() for word in ("--package", f"{OWN}-{provider.name}")]
    command = ["cargo", "tree", "--locked", "--edges", "normal,no-proc-macro", "--target", target, "--prefix", "depth", "--format", "\t{p}\t{l}", *packages]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def read(tree, licenses, edges):
    """Adds the crates of a tree, each `DEPTH<tab>NAME vVERSION …<tab>LICENSE`. A crate that occurs
    again is not followed again.
    """
    above = []
    for line in filter(None, tree.splitlines()):
        depth, package, license_ = line.split("\t")
        name, version = package.split()[:2]
        crate = name, version.removeprefix("v")
        licenses[crate] = license_.removesuffix(" (*)")
        edges.setdefault(crate, set())
        del above[int(depth) :]
        if above:
            edges[above[-1]].add(reference(crate))
        above.append(crate)


def component(crate, license_, checksum):
    name, version = crate
    # Older crates separate licenses with a slash.
    of = {"type": "library", "bom-ref": reference(crate), "name": name, "version": version, "licenses": [{"expression": license_.replace("/", " OR ")}]}
    if checksum:
        of["purl"] = reference(crate)
        of["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    return of


def reference(crate):
    return "pkg:cargo/{}@{}".format(*crate)


def standard_library():
    """Rust's standard library, which comes compiled with the compiler."""
    shown = subprocess.run(["rustc", "-vV"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return "std", re.search(r"(?m)^release: (\S+)$", shown)[1]
