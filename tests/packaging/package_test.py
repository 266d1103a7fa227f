"""The files that `make package` writes: reproducible, complete, and such that `sam deploy` takes them."""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import tomllib
import unittest
import zipfile
from pathlib import Path
from unittest import mock

from packed import ARCHITECTURES, FUNCTIONS, ROOT, dist, pack, package, program
from samcli.yamlhelper import yaml_parse

sys.path.append(str(ROOT / "tests/tools"))
from moto_account import moto_account  # noqa: E402

PROGRAMS = Path(sys.executable).parent
TEMPLATES = {"arm64": "template.yaml", "x86_64": "template-x86_64.yaml"}


def code(text):
    """Where a template says that the code of its functions is, in order."""
    return re.findall(r"(?m)^ +CodeUri: (\S+)$", text)


def without_code(text):
    """A template without what differs between a release and the repository."""
    template = json.loads(json.dumps(yaml_parse(text)))
    del template["Parameters"]["Architecture"]
    for of in template["Resources"].values():
        of.get("Metadata", {}).pop("BuildMethod", None)
        of["Properties"].pop("CodeUri", None)
    return template


class Package(unittest.TestCase):
    def test_another_time_folder_and_user_make_the_same_bytes(self):
        with tempfile.TemporaryDirectory() as folder:
            # Old files do not stay.
            Path(folder, "dist").mkdir()
            Path(folder, "dist/voicemint-acme-arm64.zip").write_text("old")
            before = os.umask(0o077)
            try:
                with mock.patch("time.time", lambda: 2e9), mock.patch.dict(os.environ, {"TZ": "Asia/Tokyo"}):
                    time.tzset()
                    error, again = pack(folder)
            finally:
                os.umask(before)
                time.tzset()
            self.assertIsNone(error)
            self.assertEqual({path.name for path in again.iterdir()}, {path.name for path in dist().iterdir()})
            for path in again.iterdir():
                self.assertEqual(path.read_bytes(), (dist() / path.name).read_bytes(), path.name)

    def test_each_function_and_architecture_has_a_zip_with_one_executable_file(self):
        for function in FUNCTIONS:
            for architecture in ARCHITECTURES:
                with zipfile.ZipFile(dist() / f"voicemint-{function}-{architecture}.zip") as file:
                    (entry,) = file.infolist()
                    self.assertEqual((entry.filename, entry.date_time, entry.create_system), ("bootstrap", (1980, 1, 1, 0, 0, 0), 3))
                    self.assertEqual(oct(entry.external_attr >> 16), oct(0o100755))
                    self.assertEqual(file.read(entry), program(function, architecture))

    def test_the_checksums_are_those_of_all_other_files(self):
        lines = [line.split("  ") for line in (dist() / "SHA256SUMS").read_text().splitlines()]
        sums = {name: hashlib.sha256((dist() / name).read_bytes()).hexdigest() for name in os.listdir(dist()) if name != "SHA256SUMS"}
        self.assertEqual({name: checksum for checksum, name in lines}, sums)
        self.assertEqual(len(sums), len(FUNCTIONS) * len(ARCHITECTURES) + len(TEMPLATES) + len(("samconfig", "Terraform", "CDK", "npm", "SBOM")))

    def test_a_missing_binary_is_an_error(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch("packed.FUNCTIONS", FUNCTIONS[:-1]):
            error, _ = pack(folder)
        self.assertIn(f"{FUNCTIONS[-1]}/bootstrap", error)


class Templates(unittest.TestCase):
    def test_they_name_the_zip_of_each_function_and_build_nothing(self):
        arm64, x86_64 = ((dist() / name).read_text() for name in TEMPLATES.values())
        zips = code(arm64)
        self.assertEqual(sorted(zips), sorted(f"voicemint-{function}-arm64.zip" for function in FUNCTIONS))
        self.assertTrue(all((dist() / zip_.replace("arm64", "x86_64")).is_file() for zip_ in zips))
        self.assertNotIn("BuildMethod", arm64)
        self.assertIn("\n  Architecture:\n    Type: String\n    Default: arm64\n    AllowedValues: [arm64]\n", arm64)
        self.assertEqual(x86_64, arm64.replace("arm64", "x86_64"))
        # Nothing else changes.
        self.assertEqual(without_code(arm64), without_code((ROOT / "template.yaml").read_text()))

    def test_sam_uploads_the_zips_as_they_are(self):
        with moto_account() as client, tempfile.TemporaryDirectory() as folder:
            s3 = client("s3")
            s3.create_bucket(Bucket="releases", CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
            out = Path(folder, "out.yaml")
            command = [PROGRAMS / "sam", "package", "--s3-bucket", "releases", "--region", s3.meta.region_name, "--output-template-file", out]
            done = subprocess.run(command, cwd=dist(), capture_output=True, text=True, timeout=120, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            places = code(out.read_text())
            uploaded = [s3.get_object(Bucket="releases", Key=place.removeprefix("s3://releases/"))["Body"].read() for place in places]
        self.assertEqual(uploaded, [(dist() / zip_).read_bytes() for zip_ in code((dist() / "template.yaml").read_text())])

    def test_sam_deploy_in_the_folder_needs_no_flag(self):
        settings = tomllib.loads((dist() / "samconfig.toml").read_text())["default"]["deploy"]["parameters"]
        ours = tomllib.loads((ROOT / "samconfig.toml").read_text())["dev"]["deploy"]["parameters"]
        # As in the repository's environments, but for the names.
        named = {"stack_name": "voicemint", "tags": "app=voicemint"}
        self.assertEqual(settings, ours | named)

    def test_the_page_about_deploying_names_the_files_of_the_release(self):
        page = (ROOT / "docs/deploy.md").read_text()
        table = page.split("| file of the release |")[1].split("\n\n")[0]
        named = set()
        for cell in re.findall(r"(?m)^\| (`.*?) \|", table):
            for name in re.findall(r"`(.+?)`", cell):
                parts = {"<function>": FUNCTIONS, "<architecture>": ARCHITECTURES, "<version>": [package.version()]}
                made = [name]
                for part, values in parts.items():
                    made = [of.replace(part, value) for of in made for value in values]
                named |= set(made)
        self.assertEqual(named, set(os.listdir(dist())))
        self.assertIn(f"gh release download v{package.version()} ", page)


class Version(unittest.TestCase):
    def test_all_parts_have_the_version_of_the_workspace(self):
        version = package.version()
        self.assertRegex(version, r"^\d+\.\d+\.\d+(-[\w.]+)?$")
        self.assertEqual(json.loads((ROOT / "web/package.json").read_text())["version"], version)
        self.assertIn(f"\ninfo:\n  title: Voicemint\n  version: {version}\n", (ROOT / "openapi.yaml").read_text())
        own = re.findall(r'(?m)^name = "(voicemint[\w-]*)"\nversion = "(.*)"$', (ROOT / "Cargo.lock").read_text())
        self.assertGreater(len(own), len(FUNCTIONS))
        self.assertEqual({of for _, of in own}, {version})

    def test_a_tag_of_another_version_makes_no_release(self):
        with tempfile.TemporaryDirectory() as folder:
            error, made = pack(folder, "--tag", "v9.9.9")
            self.assertIn("the tag has the version 9.9.9", error)
            self.assertFalse(made.exists())
        package.check_version(package.version(), f"v{package.version()}")


if __name__ == "__main__":
    unittest.main()
