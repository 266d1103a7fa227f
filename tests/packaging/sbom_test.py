"""The SBOM of a release: valid, and with the crates that are linked into the functions."""

import hashlib
import json
import os
import re
import subprocess
import tomllib
import unittest

from packed import ARCHITECTURES, FUNCTIONS, ROOT, dist, package, program

# CycloneDX's own library, which checkov depends on, has the schema and checks it.
CHECK = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read())
sys.exit(error and str(error))
"""
LOCK = {(of["name"], of["version"]): of for of in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]}


def manifest(path):
    return tomllib.loads((ROOT / path / "Cargo.toml").read_text())


class Sbom(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.text = (dist() / package.SBOM).read_text()
        cls.document = json.loads(cls.text)
        cls.crates = {of["name"]: of for of in cls.document["components"] if of["type"] == "library"}

    def test_it_is_valid(self):
        for text, valid in ((self.text, True), (self.text.replace('"type": "library"', '"type": "crate"', 1), False)):
            done = subprocess.run([os.environ["VOICEMINT_CHECKOV"], "-c", CHECK], input=text, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode == 0, valid, done.stderr)

    def test_it_has_neither_a_time_nor_a_serial_number_nor_a_path(self):
        self.assertLessEqual(self.document.keys(), {"$schema", "bomFormat", "specVersion", "version", "metadata", "components", "dependencies"})
        self.assertEqual(self.document["metadata"].keys(), {"component"})
        self.assertNotIn(str(ROOT), self.text)

    def test_it_has_the_checksum_of_each_binary(self):
        files = {of["name"]: of["hashes"] for of in self.document["components"] if of["type"] == "file"}
        self.assertEqual(files, {
            f"voicemint-{function}-{architecture}.zip/bootstrap": [{"alg": "SHA-256", "content": hashlib.sha256(program(function, architecture)).hexdigest()}]
            for function in FUNCTIONS
            for architecture in ARCHITECTURES
        })  # fmt: skip

    def test_crates_have_their_checksum_in_the_lock_file_and_a_license(self):
        self.assertGreater(len(self.crates), 100)
        for name, of in self.crates.items():
            if name == "std":
                continue
            checksum = LOCK[name, of["version"]].get("checksum")
            self.assertEqual([found["content"] for found in of.get("hashes", [])], [checksum] if checksum else [], name)
            self.assertRegex(of["licenses"][0]["expression"], r"^[\w.()+ -]+$", name)

    def test_what_the_functions_depend_on_is_listed_and_what_only_tests_or_macros_use_is_not(self):
        direct = set()
        for path in ("shared", *(f"functions/{function}" for function in FUNCTIONS)):
            direct |= manifest(path)["dependencies"].keys()
        self.assertLessEqual({"rustls", "tokio", "voicemint"}, direct)
        self.assertLessEqual(direct, self.crates.keys())
        # C code, and what only one of the processors or another crate brings.
        self.assertLessEqual({"aws-lc-sys", "hyper", "std"}, self.crates.keys())
        self.assertEqual({"voicemint-dev", "axum", "divan", "proptest", "serde_derive", "syn", "cc"} & self.crates.keys(), set())

    def test_each_binary_leads_to_all_crates_that_are_linked_into_it(self):
        edges = {of["ref"]: of["dependsOn"] for of in self.document["dependencies"]}
        known = {of["bom-ref"] for of in self.document["components"]} | {"voicemint"}
        self.assertEqual({ref for on in edges.values() for ref in on} - known, set())

        def reached(ref, seen):
            if ref not in seen:
                seen.add(ref)
                for on in edges.get(ref, []):
                    reached(on, seen)
            return {re.sub(r"^pkg:cargo/|@.*", "", of) for of in seen}

        cartesia, livekit = (reached(f"{name}-arm64", set()) for name in ("cartesia", "livekit"))
        self.assertLessEqual({"voicemint-cartesia", "voicemint", "hyper", "aws-lc-sys", "std"}, cartesia)
        self.assertNotIn("voicemint-livekit", cartesia)
        self.assertIn("voicemint-livekit", livekit)
        # Nothing is listed that no binary leads to.
        everything = reached("voicemint", set())
        self.assertEqual(self.crates.keys() - everything, set())


if __name__ == "__main__":
    unittest.main()
