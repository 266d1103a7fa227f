"""The dependencies of the functions: the web framework of the stand-ins is in none of their
dependency trees, crates of the workspace find their providers by their folders, and the tests use
the same libraries as the local command.
"""

import json
import subprocess
import tomllib
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PROVIDERS = sorted(path.parent.name for path in REPOSITORY.glob("functions/*/Cargo.toml"))


class Dependencies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        command = ["cargo", "metadata", "--format-version", "1", "--locked", "--all-features"]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
        metadata = json.loads(done.stdout)
        cls.names = {package["id"]: package["name"] for package in metadata["packages"]}
        cls.ids = {name: identifier for identifier, name in cls.names.items() if identifier in metadata["workspace_members"]}
        cls.nodes = {node["id"]: node["deps"] for node in metadata["resolve"]["nodes"]}

    def tree(self, package):
        """The names of everything that a package is built from; tests may need more."""
        found, left = set(), [self.ids[package]]
        while left:
            identifier = left.pop()
            if identifier not in found:
                found.add(identifier)
                left += [dep["pkg"] for dep in self.nodes[identifier] if any(kind["kind"] != "dev" for kind in dep["dep_kinds"])]
        return {self.names[identifier] for identifier in found}

    def test_no_function_depends_on_the_web_framework_or_a_stand_in(self):
        self.assertGreaterEqual(len(PROVIDERS), 3)
        for provider in PROVIDERS:
            tree = self.tree(f"voicemint-{provider}")
            self.assertIn("voicemint", tree)
            self.assertEqual({name for name in tree if name.startswith("axum") or name.endswith("-stand-in") or name == "voicemint-dev"}, set())

    def test_each_stand_in_is_a_crate_of_its_own_that_the_local_command_serves(self):
        served = self.tree("voicemint-dev")
        for provider in PROVIDERS:
            tree = self.tree(f"voicemint-{provider}-stand-in")
            self.assertLessEqual({"axum", "voicemint-stand-in"}, tree)
            self.assertNotIn(f"voicemint-{provider}", tree)
            self.assertLessEqual({f"voicemint-{provider}", f"voicemint-{provider}-stand-in"}, served)

    def test_the_local_command_and_the_tests_share_the_libraries_that_they_use(self):
        """If a feature of a library differed, `make test` would compile the library and everything that
        uses it twice, and check it twice too.
        """
        compiled, tested = (self.features(*of) for of in (("-p", "voicemint-dev", "-e", "normal,build"), ("--workspace", "-e", "normal,build,dev")))
        self.assertGreater(len(compiled), 100)
        self.assertEqual(compiled - tested, set())

    def features(self, *of):
        """The libraries from other sources than this repository, with their versions and features."""
        command = ["cargo", "tree", "--locked", "--prefix", "none", "--format", "{p} {f}", *of]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
        lines = {line.removesuffix(" (*)") for line in done.stdout.splitlines()}
        return {line for line in lines if str(REPOSITORY) not in line}

    def test_the_manifest_of_the_workspace_names_no_provider(self):
        text = (REPOSITORY / "Cargo.toml").read_text()
        for provider in PROVIDERS:
            self.assertNotIn(provider, text)
        members = tomllib.loads(text)["workspace"]["members"]
        self.assertLessEqual({"functions/*", "functions/*/stand-in"}, set(members))


if __name__ == "__main__":
    unittest.main()
