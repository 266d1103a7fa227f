"""tools/target.py, tools/deploy.py, tools/emergency.py and tools/secret.py: which stack they mean, and
what they do there.
"""

import contextlib
import io
import json
import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from moto_account import moto_account

sys.path.append(str(Path(__file__).parents[2] / "tools"))
import deploy  # noqa: E402
import emergency  # noqa: E402
import secret  # noqa: E402
import target  # noqa: E402

CONFIG = """
[dev.deploy.parameters]
stack_name = "voicemint-dev"

[production.global.parameters]
region = "eu-west-1"
[production.deploy.parameters]
stack_name = "voice"
profile = "ops"

[empty.deploy.parameters]
"""
FUNCTIONS = """
Parameters:
  ReservedConcurrency: {Type: String, Default: "20"}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Action: sts:AssumeRole, Principal: {Service: lambda.amazonaws.com}}]}
"""
FUNCTION = """  %sFunction:
    Type: AWS::Lambda::Function
    Properties: {Runtime: python3.13, Handler: index.handler, Role: !GetAtt Role.Arn, Code: {ZipFile: ""}}
"""


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        file = self.folder / "samconfig.toml"
        file.write_text(CONFIG)
        for module in (target, deploy):
            self.enterContext(mock.patch.object(module, "FILE", file))

    def printed(self, main, *arguments):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            failed = main(list(arguments))
        return failed, printed.getvalue()


class Target(Case):
    def of(self, *flags):
        return target.target(target.parser("").parse_args(flags))

    def test_stack_region_and_profile_are_those_of_samconfig_and_flags_take_precedence(self):
        for flags, expected in (
            (["--config-env", "dev"], target.Target("voicemint-dev")),
            (["--config-env", "production"], target.Target("voice", "eu-west-1", "ops")),
            (["--config-env", "production", "--region", "us-east-1", "--stack-name", "other"], target.Target("other", "us-east-1", "ops")),
            (["--stack-name", "any"], target.Target("any")),
            ([], None),
        ):
            self.assertEqual(self.of(*flags), expected)

    def test_mistakes_are_reported(self):
        for env, reason in (("staging", "has no environment staging"), ("empty", "has no stack_name for empty")):
            with self.assertRaisesRegex(target.Failed, reason):
                self.of("--config-env", env)

    def test_clients_call_the_region_of_the_target(self):
        with mock.patch.dict(os.environ, {"AWS_REGION": "eu-central-1"}):
            self.assertEqual(target.Target("any", "us-west-2").client("s3").meta.region_name, "us-west-2")
            self.assertEqual(target.Target("any").client("s3").meta.region_name, "eu-central-1")


class Deploy(Case):
    OURS = ["Architecture=arm64", "Release=c-1"]

    def test_parameters_are_added_to_those_of_the_flags_or_of_the_file(self):
        for flags, config, expected in (
            ([], {}, ["--parameter-overrides", *self.OURS]),
            (["--no-confirm-changeset"], {"parameter_overrides": 'A=1 B="x y"'}, ["--no-confirm-changeset", "--parameter-overrides", 'A=1 B="x y"', *self.OURS]),
            ([], {"parameter_overrides": ["A=1", "B=2"]}, ["--parameter-overrides", "A=1", "B=2", *self.OURS]),
            ([], {"parameter_overrides": {"A": "x y"}}, ["--parameter-overrides", 'A="x y"', *self.OURS]),
            (
                ["--debug", "--parameter-overrides", "A=1", "Architecture=arm64", "--stack-name", "x"],
                {"parameter_overrides": "B=2"},
                ["--debug", "--parameter-overrides", "A=1", "Architecture=arm64", *self.OURS, "--stack-name", "x"],
            ),
        ):
            self.assertEqual(deploy.merged(flags, config, self.OURS), expected)

    def test_sam_reads_them_so(self):
        from samcli.cli.types import CfnParameterOverridesType

        words = deploy.merged([], {"parameter_overrides": 'A=1 Release=old B="x y"'}, self.OURS)[1:]
        read = CfnParameterOverridesType().convert(tuple(words), None, None)
        self.assertEqual(read, {"A": "1", "B": "x y", "Architecture": "arm64", "Release": "c-1"})

    def test_another_architecture_than_the_one_that_is_built_is_refused(self):
        with self.assertRaisesRegex(target.Failed, "call make with ARCH=x86_64"):
            deploy.merged([], {"parameter_overrides": "A=1 Architecture=x86_64"}, self.OURS)

    def test_a_stack_name_that_cloudformation_would_shorten_is_refused(self):
        arguments = ["--sam", "false", "--arch", "arm64", "--config-env", "dev", "--stack-name"]
        self.assertIn("more than 55 characters", deploy.main([*arguments, "v" * 56]))
        self.assertEqual(deploy.main([*arguments, "v" * 55]), 1)
        # CloudFormation adds the logical id and 12 characters. CodeDeploy allows 100.
        self.assertEqual(deploy.MAX_STACK_NAME + len("-ServerlessDeploymentApplication-") + 12, 100)

    def test_sam_is_called_in_the_repository_and_each_attempt_is_another_release(self):
        sam = self.folder / "sam"
        sam.write_text(f'#!/bin/sh\npwd > {self.folder}/called\nprintf "%s\\n" "$@" >> {self.folder}/called\nexit 3\n')
        sam.chmod(0o755)
        arguments = ["--sam", str(sam), "--arch", "x86_64", "--config-env", "dev", "--no-confirm-changeset"]
        with mock.patch.dict(os.environ, {"RELEASE": "4e1c598-7.2"}):
            self.assertEqual(deploy.main(arguments), 3)
        folder, *words = (self.folder / "called").read_text().splitlines()
        self.assertEqual(Path(folder).resolve(), self.folder.resolve())
        self.assertEqual(words, [
            "deploy", "--config-env", "dev", "--no-confirm-changeset", "--parameter-overrides", "Architecture=x86_64", "Release=4e1c598-7.2",
        ])
        with mock.patch.dict(os.environ), mock.patch.object(deploy.time, "time", side_effect=[1, 2]):
            os.environ.pop("RELEASE", None)
            first, second = deploy.release(), deploy.release()
        self.assertNotEqual(first, second)
        self.assertRegex(first, r"^[\w.+-]{1,128}$")


class Emergency(Case):
    def test_functions_are_stopped_at_once_and_started_as_the_stack_says(self):
        body = FUNCTIONS + FUNCTION % "Cartesia" + FUNCTION % "ElevenLabs" + FUNCTION % "Check"
        with moto_account() as client:
            client("cloudformation").create_stack(StackName="voicemint-dev", TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
            names = [of["FunctionName"] for of in client("lambda").list_functions()["Functions"]]

            def reserved():
                found = {name: client("lambda").get_function_concurrency(FunctionName=name) for name in names}
                return {name.split("-")[2]: of["ReservedConcurrentExecutions"] for name, of in found.items() if "ReservedConcurrentExecutions" in of}

            here = ["--config-env", "dev"]
            failed, printed = self.printed(emergency.main, "stop", *here)
            self.assertEqual((failed, printed.count("is stopped")), (None, 2))
            self.assertEqual(reserved(), {"CartesiaFunction": 0, "ElevenLabsFunction": 0})
            self.assertIsNone(self.printed(emergency.main, "start", *here, "cartesia")[0])
            self.assertEqual(reserved(), {"CartesiaFunction": 20, "ElevenLabsFunction": 0})
            for value, failed, left in (("", None, {}), ("0", "start: voicemint-dev has ReservedConcurrency=0", {})):
                given = [{"ParameterKey": "ReservedConcurrency", "ParameterValue": value}]
                body = body.replace("Type: String, Default", f"Type: String, Description: '{value}', Default")
                stack = {"Parameters": given}
                with mock.patch.object(target.Target, "client", side_effect=patched(client, stack)):
                    found, _ = self.printed(emergency.main, "start", *here)
                self.assertEqual((found or "").partition(":")[0], (failed or "").partition(":")[0])
                self.assertIn(failed or "", found or "")
                self.assertEqual(reserved(), left)
            self.assertIn("there is no provider zephyr", self.printed(emergency.main, "stop", *here, "zephyr")[0])
            self.assertIn("has none of these functions", self.printed(emergency.main, "stop", *here, "assemblyai")[0])
            self.assertIn("does not exist", self.printed(emergency.main, "stop", "--stack-name", "gone")[0])


def patched(client, stack):
    """Clients of moto, except that a stack has these parameters: moto drops empty values."""

    def of(service):
        made = client(service)
        if service == "cloudformation":
            made.describe_stacks = lambda **_: {"Stacks": [stack]}
        return made

    return of


class Secret(Case):
    def test_a_key_is_stored_and_replaced_without_being_printed(self):
        with moto_account() as client:
            for key, what in (("key-1\n", "is created"), (json.dumps({"api_key": "key-2"}), "has a new value")):
                with mock.patch.object(sys, "stdin", io.StringIO(key)):
                    failed, printed = self.printed(secret.main, "--config-env", "dev", "cartesia")
                self.assertEqual((failed, printed), (None, f"voicemint/dev/cartesia {what}: deploy with CartesiaSecretId=voicemint/dev/cartesia\n"))
                stored = client("secretsmanager").get_secret_value(SecretId="voicemint/dev/cartesia")["SecretString"]
                self.assertEqual(stored, key.strip())
            with mock.patch.object(sys, "stdin", io.StringIO("")):
                self.assertEqual(self.printed(secret.main, "--config-env", "dev", "cartesia")[0], "secret: there is no key")
            self.assertIn("there is no provider zephyr", self.printed(secret.main, "--config-env", "dev", "zephyr")[0])

    def test_the_two_values_of_livekit_are_one_object(self):
        wanted = {"api_key": "key-1", "api_secret": "secret-1"}
        arguments = ("--config-env", "dev", "livekit")
        with moto_account() as client:
            terminal = mock.Mock(isatty=lambda: True)
            with mock.patch.object(sys, "stdin", terminal), mock.patch("getpass.getpass", side_effect=list(wanted.values())) as asked:
                failed, printed = self.printed(secret.main, *arguments)
            self.assertIsNone(failed)
            self.assertIn("deploy with LiveKitSecretId=voicemint/dev/livekit", printed)
            self.assertEqual([call.args[0].split()[0] for call in asked.call_args_list], list(wanted))
            stored = client("secretsmanager").get_secret_value(SecretId="voicemint/dev/livekit")["SecretString"]
            self.assertEqual(json.loads(stored), wanted)
            for entered, name in ((["key-1", ""], "api_secret"), (['{"api_key": "key-1"}', "secret-1"], "api_key")):
                with mock.patch.object(sys, "stdin", terminal), mock.patch("getpass.getpass", side_effect=entered):
                    self.assertEqual(self.printed(secret.main, *arguments), (f"secret: there is no {name}: enter the value alone", ""))
            for given in ("secret-1", "[1]", "null", json.dumps({"api_key": "secret-1"}), json.dumps({"api_key": "secret-1", "api_secret": " "})):
                with mock.patch.object(sys, "stdin", io.StringIO(given)):
                    failed, printed = self.printed(secret.main, *arguments)
                self.assertEqual((failed, printed), ("secret: the secret of LiveKit must be a JSON object with api_key and api_secret", ""))


if __name__ == "__main__":
    unittest.main()
