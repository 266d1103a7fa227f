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
import target  # noqa: E402

PARAMETER = """
Parameters:
  Text: {Type: String}
Resources:
  It:
    Type: AWS::SSM::Parameter
    Properties: {Name: /voicemint/it, Type: String, Value: !Sub "%s ${Text}"}
"""

# sam's own stack, as far as the script uses it.
SAM = """
Resources:
  SamCliSourceBucket: {Type: AWS::S3::Bucket}
Outputs:
  SourceBucket: {Value: !Ref SamCliSourceBucket}
"""
# template.yaml as `sam build` writes it: without aliases. Without the resources that refer to
# functions, because moto does not know the type AWS::Serverless::Function.
PARSED = yaml_parse((Path(__file__).parents[2] / "template.yaml").read_text())
for name in ("DeploymentRole", "CheckFunction", "CheckRole"):
    del PARSED["Resources"][name]
TEMPLATE = yaml_dump(PARSED)
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
        cls.cloud.create_stack(StackName=rollback.SAM_STACK, TemplateBody=SAM)

    def setUp(self):
        self.file = Path(self.enterContext(tempfile.TemporaryDirectory()), "saved.json")

    def run_it(self, action, stack, *more):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            failed = rollback.main([action, "--stack-name", stack, str(self.file), *more])
        return failed, printed.getvalue()

    def value(self):
        return self.parameters.get_parameter(Name="/voicemint/it")["Parameter"]["Value"]

    def remove_empty_parameters(self):
        """Removes empty parameters from the file: moto drops empty values, which are the defaults."""
        saved = json.loads(self.file.read_text())
        saved["update"]["Parameters"] = [of for of in saved["update"]["Parameters"] if of["ParameterValue"]]
        self.file.write_text(json.dumps(saved))

    def test_a_bad_deployment_is_rolled_back_with_its_parameters(self):
        arguments = {"StackName": "voicemint-staging", "Tags": [{"Key": "of", "Value": "voicemint"}]}
        self.cloud.create_stack(TemplateBody=PARAMETER % "good", Parameters=listed({"Text": "one"}), **arguments)
        self.addCleanup(self.cloud.delete_stack, StackName="voicemint-staging")
        saved = self.run_it("keep", "voicemint-staging")
        self.assertEqual(saved, (None, "voicemint-staging: saved what is deployed\n"))
        self.cloud.update_stack(TemplateBody=PARAMETER % "bad", Parameters=listed({"Text": "two"}), **arguments)
        self.assertEqual(self.value(), "bad two")
        failed, printed = self.run_it("restore", "voicemint-staging")
        self.assertEqual((failed, printed), (None, "voicemint-staging: restored the previous deployment\n"))
        self.assertEqual(self.value(), "good one")
        saved = json.loads(self.file.read_text())["update"]
        self.assertEqual(saved["Tags"], arguments["Tags"])
        self.assertIn("CAPABILITY_AUTO_EXPAND", saved["Capabilities"])

    def test_a_template_that_is_too_long_for_a_request_is_restored(self):
        self.assertGreater(len(TEMPLATE.encode()), 51_200)
        arguments = {"StackName": "voicemint-long"}
        self.cloud.create_stack(TemplateBody=TEMPLATE, Parameters=listed(FEW), **arguments)
        self.addCleanup(self.cloud.delete_stack, **arguments)
        self.run_it("keep", "voicemint-long")
        self.remove_empty_parameters()
        bad = TEMPLATE.replace("Path: /cartesia/token", "Path: /bad/token")
        self.assertNotEqual(bad, TEMPLATE)
        self.cloud.update_stack(TemplateBody=bad, Parameters=listed(FEW | {"SessionAudience": "bad"}), **arguments)
        failed, printed = self.run_it("restore", "voicemint-long")
        self.assertIsNone(failed)
        self.assertEqual(self.cloud.get_template(TemplateStage="Original", **arguments)["TemplateBody"], TEMPLATE)
        (stack,) = self.cloud.describe_stacks(**arguments)["Stacks"]
        self.assertEqual(stack["StackStatus"], "UPDATE_COMPLETE")
        now = {of["ParameterKey"]: of["ParameterValue"] for of in stack["Parameters"]}
        # With any other value, the firing alarm would stop the restore.
        self.assertLessEqual((FEW | {"GradualDeployment": "AllAtOnce"}).items(), now.items())
        self.assertIn("until a deployment sets GradualDeployment=Canary10Percent15Minutes again", printed)

    def test_a_deployment_all_at_once_is_restored_without_a_note(self):
        template = PARAMETER.replace("Parameters:", "Parameters:\n  GradualDeployment: {Type: String}")
        given = listed({"GradualDeployment": "AllAtOnce", "Text": "one"})
        self.cloud.create_stack(StackName="voicemint-at-once", TemplateBody=template % "good", Parameters=given)
        self.addCleanup(self.cloud.delete_stack, StackName="voicemint-at-once")
        self.run_it("keep", "voicemint-at-once")
        self.cloud.update_stack(StackName="voicemint-at-once", TemplateBody=template % "bad", Parameters=given)
        _, printed = self.run_it("restore", "voicemint-at-once")
        self.assertEqual(printed, "voicemint-at-once: restored the previous deployment\n")

    def test_a_first_deployment_has_nothing_to_restore(self):
        failed, _ = self.run_it("keep", "voicemint-new")
        self.assertIn("voicemint-new is not deployed in eu-central-1: check stack_name and region, or say --first", failed)
        self.assertFalse(self.file.exists())
        _, printed = self.run_it("keep", "voicemint-new", "--first")
        self.assertIn("nothing is deployed yet", printed)
        failed, printed = self.run_it("restore", "voicemint-new")
        self.assertIsNone(failed)
        self.assertIn("there is nothing to restore", printed)

    def test_errors_are_one_line(self):
        self.assertIn("`make keep` writes it before a deployment", self.run_it("restore", "voicemint-gone")[0])
        self.file.write_text(json.dumps({"stack": "voicemint-gone", "update": {"TemplateBody": PARAMETER % "x"}}))
        self.assertIn("rollback: An error occurred", self.run_it("restore", "voicemint-gone")[0])
        with mock.patch.object(rollback, "SAM_STACK", "sams-gone"):
            failed, _ = self.run_it("restore", "voicemint-gone")
        self.assertIn("rollback: the stack sams-gone", failed)
        self.assertIn("deploy the earlier commit instead", failed)
        self.assertIn("voicemint-gone, not of voicemint-other", self.run_it("restore", "voicemint-other")[0])
        self.assertIn("name an environment", rollback.main(["restore", str(self.file)]))

    def test_the_stack_and_region_of_an_environment_are_those_of_samconfig(self):
        config = Path(self.file.parent, "samconfig.toml")
        config.write_text('[staging.deploy.parameters]\nstack_name = "renamed"\nregion = "us-west-2"\n')
        with mock.patch.object(target, "FILE", config):
            failed = rollback.main(["keep", "--config-env", "staging", str(self.file)])
        self.assertIn("renamed is not deployed in us-west-2", failed)


if __name__ == "__main__":
    unittest.main()
