"""tools/rollback.py against moto's CloudFormation."""

import contextlib
import io
import json
import sys
import tempfile
import unittest
from pathlib import Path

from moto_account import moto_account

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


class Rollback(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        client = cls.enterClassContext(moto_account())
        cls.cloud, cls.parameters = client("cloudformation"), client("ssm")

    def setUp(self):
        self.file = Path(self.enterContext(tempfile.TemporaryDirectory()), "kept.json")

    def run_it(self, *arguments):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            failed = rollback.main([str(argument) for argument in arguments])
        return failed, printed.getvalue()

    def value(self):
        return self.parameters.get_parameter(Name="/voicemint/it")["Parameter"]["Value"]

    def test_a_bad_deployment_is_taken_back_with_its_parameters(self):
        asked = {"StackName": "voicemint-staging", "Tags": [{"Key": "of", "Value": "voicemint"}]}
        text = lambda value: [{"ParameterKey": "Text", "ParameterValue": value}]  # noqa: E731
        self.cloud.create_stack(TemplateBody=PARAMETER % "good", Parameters=text("one"), **asked)
        self.addCleanup(self.cloud.delete_stack, StackName="voicemint-staging")
        kept = self.run_it("keep", "voicemint-staging", self.file)
        self.assertEqual(kept, (None, "voicemint-staging: kept what is deployed\n"))
        self.cloud.update_stack(TemplateBody=PARAMETER % "bad", Parameters=text("two"), **asked)
        self.assertEqual(self.value(), "bad two")
        failed, printed = self.run_it("restore", self.file)
        self.assertEqual((failed, printed), (None, "voicemint-staging: went back to what was deployed before\n"))
        self.assertEqual(self.value(), "good one")
        kept = json.loads(self.file.read_text())["update"]
        self.assertEqual(kept["Tags"], asked["Tags"])
        self.assertIn("CAPABILITY_AUTO_EXPAND", kept["Capabilities"])

    def test_a_first_deployment_has_nothing_before_it(self):
        _, printed = self.run_it("keep", "voicemint-new", self.file)
        self.assertIn("nothing is deployed yet", printed)
        failed, printed = self.run_it("restore", self.file)
        self.assertIsNone(failed)
        self.assertIn("there is nothing to go back to", printed)

    def test_what_went_wrong_is_told_in_a_line(self):
        self.file.write_text(json.dumps({"stack": "voicemint-gone", "update": {"TemplateBody": PARAMETER % "x"}}))
        self.assertIn("rollback: An error occurred", self.run_it("restore", self.file)[0])
        self.file.write_text(json.dumps({"stack": "voicemint-long", "update": {"TemplateBody": "#" * 51_201}}))
        self.assertIn("too long", self.run_it("restore", self.file)[0])
        self.assertIn("rollback.py keep STACK FILE", self.run_it("restore")[0])


if __name__ == "__main__":
    unittest.main()
