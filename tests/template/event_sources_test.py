"""The templates in docs/event-sources.md, exactly as printed there."""

import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from stack import PSEUDO, ROOT

PAGE = (ROOT / "docs/event-sources.md").read_text()
# Each snippet that is a complete template.
TEMPLATES = re.findall(r"(?ms)^```yaml\n(AWSTemplateFormatVersion.*?)^```$", PAGE)
# A resource type that identifies each template.
SOURCES = {
    "REST API": "AWS::WAFv2::WebACLAssociation",
    "load balancer": "AWS::ElasticLoadBalancingV2::TargetGroup",
    "function URL": "AWS::Lambda::Url",
}


def template(source):
    parsed = [json.loads(json.dumps(yaml_parse(text))) for text in TEMPLATES]
    (found,) = [one for one in parsed if resources(one, SOURCES[source])]
    return found


def resources(one, kind):
    return [of["Properties"] for of in one["Resources"].values() if of["Type"] == kind]


class EventSources(unittest.TestCase):
    def test_each_template_is_valid(self):
        self.assertEqual(len(TEMPLATES), len(re.findall(r"(?m)^```yaml$", PAGE)), "a snippet is not a complete template")
        self.assertEqual(len(TEMPLATES), len(SOURCES))
        with tempfile.TemporaryDirectory(prefix="voicemint-") as folder:
            for place, text in enumerate(TEMPLATES):
                path = Path(folder, f"{place}.yaml")
                path.write_text(text)
                # Warnings and notes fail, as in `make template`.
                command = [Path(sys.executable).with_name("cfn-lint"), "--include-checks", "I", "--", path]
                lint = subprocess.run(command, capture_output=True, text=True, check=False)
                self.assertEqual((lint.returncode, lint.stdout + lint.stderr), (0, ""))

    def test_each_calls_the_alias_live(self):
        for source in SOURCES:
            with self.subTest(source):
                one = template(source)
                permissions = resources(one, "AWS::Lambda::Permission")
                self.assertTrue(permissions)
                for permission in permissions:
                    self.assertEqual(permission["FunctionName"], {"Fn::Sub": "${FunctionName}:live"})
                    is_public = permission["Principal"] == "*"
                    bound = {"SourceArn", "FunctionUrlAuthType", "InvokedViaFunctionUrl"} & permission.keys()
                    self.assertTrue(bound, permission)
                    self.assertEqual(is_public, "SourceArn" not in permission, permission)
                target = json.dumps(one)
                self.assertTrue(":live/invocations" in target or ':live"' in target or '"Qualifier": "live"' in target)

    def test_the_function_handles_cors_and_preflights(self):
        for text in TEMPLATES:
            self.assertIsNone(re.search(r"(?i)\bcors\b.*:|ApiKeyRequired: true|Authorizer", text))
        (api,) = resources(template("REST API"), "AWS::Serverless::Api")
        for methods in api["DefinitionBody"]["paths"].values():
            self.assertEqual(list(methods), ["x-amazon-apigateway-any-method"])
        (url,) = resources(template("function URL"), "AWS::Lambda::Url")
        self.assertEqual((url["AuthType"], url.get("InvokeMode")), ("NONE", "BUFFERED"))

    def test_the_load_balancer_passes_all_values_of_a_header(self):
        (group,) = resources(template("load balancer"), SOURCES["load balancer"])
        self.assertIn({"Key": "lambda.multi_value_headers.enabled", "Value": "true"}, group["TargetGroupAttributes"])
        (permission,) = resources(template("load balancer"), "AWS::Lambda::Permission")
        self.assertIn(f":targetgroup/{group['Name']}/*", permission["SourceArn"]["Fn::Sub"])

    def test_the_firewall_protects_the_only_stage(self):
        one = template("REST API")
        translator = Translator({}, Parser())
        translated = translator.translate(json.loads(json.dumps(one)), PSEUDO | {"FunctionName": "voicemint-cartesia"})
        translator.metrics.publish()
        (stage,) = (name for name, of in translated["Resources"].items() if of["Type"] == "AWS::ApiGateway::Stage")
        (deployment,) = resources(translated, "AWS::ApiGateway::Deployment")
        self.assertNotIn("StageName", deployment, "a deployment with a StageName creates a second stage")
        (guarded,) = resources(translated, "AWS::WAFv2::WebACLAssociation")
        self.assertTrue(guarded["ResourceArn"]["Fn::Sub"].endswith(f"/stages/${{{stage}}}"), guarded)

    def test_firewalls_do_not_store_samples_of_requests(self):
        (firewall,) = resources(template("REST API"), "AWS::WAFv2::WebACL")
        for rule in [firewall, *firewall["Rules"]]:
            self.assertIs(rule["VisibilityConfig"]["SampledRequestsEnabled"], False)


if __name__ == "__main__":
    unittest.main()
