"""`make new-provider` in a copy of the repository: the files that it writes, and that the tests of the
template accept the new provider.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
LISTS = {"dev/Cargo.toml", "dev/src/providers.rs"}
# These are written by tools or by the generator.
GENERATED = re.compile(r"template\.yaml|CargoLambda\.toml|openapi\.yaml|Cargo\.lock|env\.local\.example\.json|README\.md|docs/.+|web/providers\.d\.c?ts")
COMPILED = REPOSITORY / "target/new-provider"


def git(*arguments):
    return subprocess.run(["git", "-C", REPOSITORY, *arguments], capture_output=True, text=True, check=True).stdout


class Copy:
    """A copy of the repository, without what git ignores."""

    def __init__(self, folder):
        self.root = Path(folder)
        for name in git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
            source = REPOSITORY / name
            if name and source.is_file():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, self.root / name)
        self.before = self.files()

    def files(self):
        return {str(path.relative_to(self.root)): path.read_bytes() for path in self.root.rglob("*") if path.is_file()}

    def run(self, *command, good=True):
        done = subprocess.run([sys.executable, "-B", *command], cwd=self.root, capture_output=True, text=True, check=False)
        if good and done.returncode:
            raise AssertionError(done.stdout + done.stderr)
        return done.stdout + done.stderr

    def changed(self):
        after = self.files()
        return {name for name in self.before.keys() | after.keys() if self.before.get(name) != after.get(name)}


def rename_version(root):
    """Gives the packages of a copy a version of its own. Cargo identifies a workspace's packages by
    their paths in it and their versions, so those of the copy would pass for the repository's in
    the target folder that both use.
    """
    for name, version in (("Cargo.toml", r'(?m)^version = "[^"]+'), ("Cargo.lock", r'(?m)^name = "voicemint.*"\nversion = "[^"]+')):
        text, count = re.subn(version, r"\g<0>-copy", (root / name).read_text())
        if not count:
            raise AssertionError(f"{name} has no version of the workspace")
        (root / name).write_text(text)


class NewProvider(unittest.TestCase):
    def setUp(self):
        self.copy = Copy(self.enterContext(tempfile.TemporaryDirectory(prefix="voicemint-")))

    def add(self, *arguments, **options):
        return self.copy.run("tools/new_provider.py", *arguments, **options)

    def test_it_writes_the_folder_the_lists_and_generated_files_and_the_template_is_valid(self):
        self.add("zephyr")
        self.add("zephyr-agents", "--title", "ZEPHYR Agents")
        changed = self.copy.changed()
        outside = {name for name in changed if not name.startswith(("functions/zephyr/", "functions/zephyr-agents/"))}
        self.assertEqual({name for name in outside if not GENERATED.fullmatch(name)}, LISTS)
        self.assertLessEqual({"template.yaml", "CargoLambda.toml", "openapi.yaml", "env.local.example.json", "README.md", "docs/settings.md"}, outside)
        for name in LISTS:
            lines = self.copy.before[name].decode().splitlines()
            added = [line for line in (self.copy.root / name).read_text().splitlines() if line not in lines]
            self.assertEqual(len(added), 2 * sum("make new-provider:" in line for line in lines), added)
            self.assertIn("zephyr_agents" if name.endswith(".rs") else "voicemint-zephyr-agents", added[-1])
        template = (self.copy.root / "template.yaml").read_text()
        for text in ("ZephyrFunction:", "ZEPHYRAgentsFunction:", "Path: /zephyr-agents/token", "the API key of ZEPHYR Agents"):
            self.assertIn(text, template)
        self.copy.run("tools/generate.py", "--check")
        self.copy.run("-m", "unittest", "discover", "--start-directory", "tests/template", "--pattern", "*ed_test.py")
        self.copy.run("-m", "openapi_spec_validator", "openapi.yaml")
        self.copy.run(Path(sys.executable).with_name("cfn-lint"), "template.yaml")

    def test_a_client_that_is_added_becomes_a_module_of_the_package(self):
        self.add("zephyr")
        folder, package = self.copy.root / "functions/zephyr", self.copy.root / "web/providers"
        self.assertFalse((package / "zephyr.js").exists())
        (folder / "client.js").write_text(
            'import { ignore, send } from "../../web/socket.js";\n\nexport const A = 1;\n\n'
            "export async function speak(source, text, { onAudio = ignore } = {}) {}\n"
        )
        (folder / "client.d.ts").write_text('import type { Source } from "../../web/options.js";\n\nexport const A: 1;\n')
        self.assertIn("out of date: web/providers/zephyr.", self.copy.run("tools/generate.py", "--check", good=False))
        self.copy.run("tools/generate.py")
        self.copy.run("tools/generate.py", "--check")
        module, common, types = ((package / f"zephyr.{ending}").read_text() for ending in ("js", "cjs", "d.cts"))
        self.assertIn('import { ignore, send } from "../socket.js";', module)
        self.assertIn('const { ignore, send } = require("../socket.cjs");', common)
        self.assertTrue(common.endswith("\nmodule.exports = { A, speak };\n"))
        self.assertNotRegex(common, r"(?m)^export")
        self.assertIn('from "../options.cjs"', types)
        (folder / "client.js").write_text('export * from "../../web/socket.js";\n')
        self.assertIn("no CommonJS version", self.copy.run("tools/generate.py", good=False))

    def test_it_refuses_names_that_are_invalid_or_taken_and_changes_nothing(self):
        for arguments, reason in (
            (["Zephyr"], "not a valid name"),
            (["zephyr_agents"], "not a valid name"),
            (["zephyr-"], "not a valid name"),
            (["../zephyr"], "not a valid name"),
            (["zephyr", "--title", 'Zephyr"'], "not a valid title"),
            (["cartesia"], "functions/cartesia exists already"),
            (["dev"], "another package with the name voicemint-dev"),
            (["eleven-labs"], "elevenlabs has the prefix ElevenLabs already"),
            ([], "the following arguments are required: NAME"),
        ):
            self.assertIn(reason, self.add(*arguments, good=False), arguments)
        self.assertEqual(self.copy.changed(), set())

    def test_it_says_which_list_has_no_place_for_a_line(self):
        (self.copy.root / "dev/src/providers.rs").write_text("")
        self.assertIn("Add the provider to dev/src/providers.rs yourself", self.add("zephyr"))
        self.assertEqual((self.copy.root / "dev/src/providers.rs").read_text(), "")

    def test_help_says_what_it_does(self):
        self.assertIn("functions/NAME", self.add("--help"))


class CompiledProvider(unittest.TestCase):
    def test_it_compiles_and_its_tests_and_those_of_the_list_pass(self):
        # Always the same folder: the compiled packages of the last run are replaced.
        shutil.rmtree(COMPILED, ignore_errors=True)
        copy = Copy(COMPILED)
        rename_version(COMPILED)
        copy.run("tools/new_provider.py", "zephyr")
        copy.run("tools/new_provider.py", "zephyr-agents", "--title", "ZEPHYR Agents")
        packages = [f"--package=voicemint-{name}{crate}" for name in ("zephyr", "zephyr-agents") for crate in ("", "-stand-in")]
        for arguments in (
            ["fmt", "--check"],
            ["test", "--offline", "--locked", "--quiet", *packages],
            # The library alone: the command of the repository stays what it is.
            ["test", "--offline", "--locked", "--quiet", "--package=voicemint-dev", "--lib"],
        ):
            environment = os.environ | {"CARGO_TARGET_DIR": str(REPOSITORY / "target")}
            done = subprocess.run(["cargo", *arguments], cwd=COMPILED, env=environment, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, f"{arguments}\n{done.stdout}\n{done.stderr}")


if __name__ == "__main__":
    unittest.main()
