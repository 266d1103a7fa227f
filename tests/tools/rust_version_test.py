"""The minimum supported Rust version is the one that CI builds and tests with, and the documents
name it.
"""

import re
import tomllib
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
MANIFEST = tomllib.loads((REPOSITORY / "Cargo.toml").read_text())
VERSION = MANIFEST["workspace"]["package"]["rust-version"]
DOCUMENTS = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md"), *(REPOSITORY / "web").glob("*.md")]


class RustVersion(unittest.TestCase):
    def test_the_workflows_build_with_it(self):
        for name in ("ci.yml", "deploy.yml", "release.yml"):
            text = (REPOSITORY / ".github/workflows" / name).read_text()
            self.assertEqual(re.findall(r"RUSTUP_TOOLCHAIN: (.*)", text), [f'"{VERSION}"'], name)
            self.assertNotRegex(text, r"toolchain install (?!\"\$RUSTUP_TOOLCHAIN\")", name)

    def test_every_crate_has_it(self):
        members = MANIFEST["workspace"]["members"]
        for path in (path for member in members for path in REPOSITORY.glob(f"{member}/Cargo.toml")):
            package = tomllib.loads(path.read_text())["package"]
            self.assertEqual(package["rust-version"], {"workspace": True}, path)

    def test_clippy_refuses_newer_items_of_the_standard_library(self):
        self.assertEqual(MANIFEST["workspace"]["lints"]["clippy"]["incompatible_msrv"], "deny")
        # clippy.toml would override rust-version.
        self.assertNotIn("msrv", tomllib.loads((REPOSITORY / "clippy.toml").read_text()))

    def test_the_documents_name_it(self):
        named = {}
        for path in DOCUMENTS:
            for version in re.findall(r"\b(?:Rust |RUSTUP_TOOLCHAIN=)(\d+\.\d+(?:\.\d+)?)\b", path.read_text()):
                named.setdefault(version, []).append(path.name)
        self.assertEqual(list(named), [VERSION], named)

    def test_rustup_uses_the_stable_toolchain(self):
        toolchain = tomllib.loads((REPOSITORY / "rust-toolchain.toml").read_text())["toolchain"]
        self.assertEqual(toolchain, {"channel": "stable"})


if __name__ == "__main__":
    unittest.main()
