"""deploy/cdk: synthesised with aws-cdk-lib, from the zips of a release."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from packed import ROOT, dist

APP = ROOT / "deploy/cdk/voicemint.mjs"


class Cdk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="voicemint-"))
        environment = os.environ | {"RELEASE_DIR": str(dist()), "CDK_OUTDIR": folder, "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1"}
        done = subprocess.run(["node", APP], cwd=folder, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise AssertionError(done.stderr)
        cls.path = Path(folder, "voicemint-cdk-cartesia.template.json")
        cls.resources = json.loads(cls.path.read_text())["Resources"]
        cls.assets = json.loads(Path(folder, "voicemint-cdk-cartesia.assets.json").read_text())["files"]
        cls.folder = Path(folder)

    def one(self, kind):
        (of,) = (of["Properties"] for of in self.resources.values() if of["Type"] == kind)
        return of

    def test_the_page_and_the_file_install_the_versions_that_are_tested(self):
        tested = json.loads(APP.with_name("package.json").read_text())["dependencies"]
        command = "npm install " + " ".join(f"{name}@{version}" for name, version in tested.items())
        self.assertIn(f"//   {command}\n", APP.read_text())
        self.assertIn(f"\n{command}\n", (ROOT / "docs/deploy.md").read_text())

    def test_what_it_synthesises_is_valid(self):
        # W3005: CDK writes dependencies that follow from other members too.
        command = [Path(sys.executable).with_name("cfn-lint"), "--ignore-checks", "W3005", "--", self.path]
        lint = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual((lint.returncode, lint.stdout + lint.stderr), (0, ""))

    def test_the_function_has_the_zip_of_the_release_as_it_is(self):
        function = self.one("AWS::Lambda::Function")
        (asset,) = (of for of in self.assets.values() if of["source"]["path"].endswith(".zip"))
        self.assertEqual(asset["source"]["packaging"], "file")
        self.assertEqual((self.folder / asset["source"]["path"]).read_bytes(), (dist() / "voicemint-cartesia-arm64.zip").read_bytes())
        self.assertIn(function["Code"]["S3Key"], {to["objectKey"] for to in asset["destinations"].values()})
        self.assertEqual((function["Runtime"], function["Handler"], function["Architectures"]), ("provided.al2023", "bootstrap", ["arm64"]))
        self.assertEqual(function["Timeout"], 10)

    def test_the_function_has_settings_that_exist(self):
        settings = (ROOT / "docs/settings.md").read_text()
        for name in self.one("AWS::Lambda::Function")["Environment"]["Variables"]:
            self.assertIn(f"`{name}`", settings)

    def test_it_may_read_its_secret_write_its_log_and_count_its_mints(self):
        statements = self.one("AWS::IAM::Policy")["PolicyDocument"]["Statement"]
        actions = [action for of in statements for action in ([of["Action"]] if isinstance(of["Action"], str) else of["Action"])]
        self.assertEqual(sorted(actions), ["dynamodb:UpdateItem", "logs:CreateLogStream", "logs:PutLogEvents", "secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"])
        self.assertNotIn("ManagedPolicyArns", self.one("AWS::IAM::Role"))
        self.assertNotIn('"*"', json.dumps([of["Resource"] for of in statements]))
        table = self.one("AWS::DynamoDB::Table")
        self.assertEqual(table["KeySchema"], [{"AttributeName": "pk", "KeyType": "HASH"}])
        self.assertEqual(table["TimeToLiveSpecification"], {"AttributeName": "exp", "Enabled": True})

    def test_the_route_leads_to_it_in_payload_format_2(self):
        self.assertEqual(self.one("AWS::ApiGatewayV2::Route")["RouteKey"], "ANY /cartesia/token")
        self.assertEqual(self.one("AWS::ApiGatewayV2::Integration")["PayloadFormatVersion"], "2.0")
        self.assertEqual(self.one("AWS::ApiGatewayV2::Stage")["StageName"], "$default")
        self.assertNotIn("CorsConfiguration", self.one("AWS::ApiGatewayV2::Api"))


if __name__ == "__main__":
    unittest.main()
