"""tools/rollback.py against moto's CloudFormation."""

import contextlib
import io
import json
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from moto_account import moto_account
from samcli.yamlhelper import yaml_dump, yaml_parse

sys.path.append(str(Path(__file__).parents[2] / "tools"))
import rollback  # noqa: E402

PARAMETER = """
Parameters:
  Text: {Type: String}
Resources:
  It:
    Type: AWS::SSM::Parameter
    Properties: {Name: /voicemint/it, Type: String, Value: !Sub "%s ${Text}"}
"""

# As far as sam's own stack concerns us.
SAMS = """
Resources:
  SamCliSourceBucket: {Type: AWS::S3::Bucket}
Outputs:
  SourceBucket: {Value: !Ref SamCliSourceBucket}
"""
# As `sam build` writes it: without aliases.
OURS = yaml_dump(yaml_parse((Path(__file__).parents[2] / "template.yaml").read_text()))
FEW = {
    "CartesiaSecretId": "voicemint/cartesia",
    "SessionIssuer": "https://issuer.example.com",
    "SessionAudience": "my-app",
    "AllowedOrigins": "https://app.example.com",
}


def listed(parameters):
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]


class Rollback(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        client = cls.enterClassContext(moto_account())
        cls.cloud, cls.parameters = client("cloudformation"), client("ssm")
        cls.cloud.create_stack(StackName=rollback.SAMS_STACK, TemplateBody=SAMS)

    def setUp(self):
        self.file = Path(self.enterContext(tempfile.TemporaryDirectory()), "kept.json")

    def run_it(self, *arguments):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            failed = rollback.main([str(argument) for argument in arguments])
        return failed, printed.getvalue()

    def value(self):
        return self.parameters.get_parameter(Name="/voicemint/it")["Parameter"]["Value"]

    def leave_out_what_is_empty(self):
        """Of the parameters kept: moto loses an empty value on its way in, and each is empty by default."""
        kept = json.loads(self.file.read_text())
        kept["update"]["Parameters"] = [of for of in kept["update"]["Parameters"] if of["ParameterValue"]]
        self.file.write_text(json.dumps(kept))

    def test_a_bad_deployment_is_taken_back_with_its_parameters(self):
        asked = {"StackName": "voicemint-staging", "Tags": [{"Key": "of", "Value": "voicemint"}]}
        self.cloud.create_stack(TemplateBody=PARAMETER % "good", Parameters=listed({"Text": "one"}), **asked)
        self.addCleanup(self.cloud.delete_stack, StackName="voicemint-staging")
        kept = self.run_it("keep", "voicemint-staging", self.file)
        self.assertEqual(kept, (None, "voicemint-staging: kept what is deployed\n"))
        self.cloud.update_stack(TemplateBody=PARAMETER % "bad", Parameters=listed({"Text": "two"}), **asked)
        self.assertEqual(self.value(), "bad two")
        failed, printed = self.run_it("restore", self.file)
        self.assertEqual((failed, printed), (None, "voicemint-staging: went back to what was deployed before\n"))
        self.assertEqual(self.value(), "good one")
        kept = json.loads(self.file.read_text())["update"]
        self.assertEqual(kept["Tags"], asked["Tags"])
        self.assertIn("CAPABILITY_AUTO_EXPAND", kept["Capabilities"])

    def test_our_template_is_taken_back_though_it_is_too_long_for_a_request(self):
        self.assertGreater(len(OURS.encode()), 51_200)
        asked = {"StackName": "voicemint-long"}
        self.cloud.create_stack(TemplateBody=OURS, Parameters=listed(FEW), **asked)
        self.addCleanup(self.cloud.delete_stack, **asked)
        self.run_it("keep", "voicemint-long", self.file)
        self.leave_out_what_is_empty()
        bad = OURS.replace("Path: /cartesia/token", "Path: /bad/token")
        self.assertNotEqual(bad, OURS)
        self.cloud.update_stack(TemplateBody=bad, Parameters=listed(FEW | {"SessionAudience": "bad"}), **asked)
        failed, printed = self.run_it("restore", self.file)
        self.assertIsNone(failed)
        self.assertEqual(self.cloud.get_template(TemplateStage="Original", **asked)["TemplateBody"], OURS)
        (stack,) = self.cloud.describe_stacks(**asked)["Stacks"]
        self.assertEqual(stack["StackStatus"], "UPDATE_COMPLETE")
        now = {of["ParameterKey"]: of["ParameterValue"] for of in stack["Parameters"]}
        # The alarm that rings would stop any other way back.
        self.assertLessEqual((FEW | {"GradualDeployment": "AllAtOnce"}).items(), now.items())
        self.assertIn("until a deployment names GradualDeployment=Canary10Percent5Minutes again", printed)

    def test_what_was_deployed_all_at_once_is_simply_so_again(self):
        template = PARAMETER.replace("Parameters:", "Parameters:\n  GradualDeployment: {Type: String}")
        given = listed({"GradualDeployment": "AllAtOnce", "Text": "one"})
        self.cloud.create_stack(StackName="voicemint-at-once", TemplateBody=template % "good", Parameters=given)
        self.addCleanup(self.cloud.delete_stack, StackName="voicemint-at-once")
        self.run_it("keep", "voicemint-at-once", self.file)
        self.cloud.update_stack(StackName="voicemint-at-once", TemplateBody=template % "bad", Parameters=given)
        _, printed = self.run_it("restore", self.file)
        self.assertEqual(printed, "voicemint-at-once: went back to what was deployed before\n")

    def test_a_first_deployment_has_nothing_before_it(self):
        _, printed = self.run_it("keep", "voicemint-new", self.file)
        self.assertIn("nothing is deployed yet", printed)
        failed, printed = self.run_it("restore", self.file)
        self.assertIsNone(failed)
        self.assertIn("there is nothing to go back to", printed)

    def test_what_went_wrong_is_told_in_a_line(self):
        self.assertIn("`make keep` writes it before a deployment", self.run_it("restore", self.file)[0])
        self.file.write_text(json.dumps({"stack": "voicemint-gone", "update": {"TemplateBody": PARAMETER % "x"}}))
        self.assertIn("rollback: An error occurred", self.run_it("restore", self.file)[0])
        with mock.patch.object(rollback, "SAMS_STACK", "sams-gone"):
            failed, _ = self.run_it("restore", self.file)
        self.assertIn("rollback: there is no stack sams-gone", failed)
        self.assertIn("deploy the earlier commit instead", failed)
        self.assertIn("rollback.py keep STACK FILE", self.run_it("restore")[0])


if __name__ == "__main__":
    unittest.main()
