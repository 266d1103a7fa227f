"""samconfig.toml has the environments of the Makefile and the workflows."""

import copy
import re
import tomllib
import unittest
from pathlib import Path
from unittest import mock

from samcli.lib.deploy.deployer import Deployer
from samcli.yamlhelper import yaml_parse

REPOSITORY = Path(__file__).parents[2]
TEXT = (REPOSITORY / "samconfig.toml").read_text()
CONFIG = tomllib.loads(TEXT)
# Not `on:`, which YAML reads as true.
WORKFLOW = yaml_parse((REPOSITORY / ".github/workflows/deploy.yml").read_text())
ENVIRONMENTS = ("dev", "staging", "production")


def settings(environment):
    return CONFIG[environment]["deploy"]["parameters"]


def filled_in():
    """samconfig.toml, parsed, after a user has followed docs/deploy.md."""
    config = copy.deepcopy(CONFIG)
    for name, region in (("staging", "eu-central-1"), ("production", "us-east-1")):
        config[name]["deploy"]["parameters"] |= {"region": region, "profile": name, "parameter_overrides": "CartesiaSecretId=voicemint/cartesia"}
    copied = config["production"]["deploy"]["parameters"]
    own = {"stack_name": "voicemint-second", "tags": "app=voicemint environment=second"}
    return config | {"second": {"deploy": {"parameters": copied | own}}}


class SamConfig(unittest.TestCase):
    def test_each_environment_is_a_stack_of_its_own(self):
        environments = set(CONFIG) - {"version", "default"}
        self.assertLessEqual(set(ENVIRONMENTS), environments)
        stacks = {(deploy["stack_name"], deploy.get("region")) for deploy in map(settings, environments)}
        self.assertEqual(len(stacks), len(environments))
        for name in environments:
            deploy = settings(name)
            self.assertIn(f"environment={name}", deploy["tags"])
            self.assertTrue(deploy["confirm_changeset"], "only the workflow deploys without confirmation")
            # Otherwise the stack of a failed first deployment stays and refuses every other one.
            self.assertEqual(deploy["on_failure"], "DELETE")

    def test_sam_then_deletes_only_a_stack_that_was_never_deployed(self):
        for status, deletes in (("ROLLBACK_COMPLETE", True), ("UPDATE_ROLLBACK_COMPLETE", False)):
            client = mock.MagicMock()
            client.describe_stacks.return_value = {"Stacks": [{"StackStatus": status}]}
            Deployer(client).rollback_delete_stack("voicemint-dev")
            self.assertEqual(client.delete_stack.called, deletes, status)

    def test_commands_of_make_name_no_stack(self):
        makefile = (REPOSITORY / "Makefile").read_text()
        self.assertNotIn("voicemint-$(ENV)", makefile)
        for tool in ("deploy.py --sam", "smoke.py", "rollback.py keep", "rollback.py restore", "emergency.py stop", "emergency.py start", "secret.py"):
            self.assertRegex(makefile, rf"tools/{re.escape(tool)} .*--config-env \$\(ENV\)")

    def test_environments_differ_only_in_their_names(self):
        # What users set may differ.
        own = {"parameter_overrides", "region", "profile"}
        texts = [str({key: value for key, value in settings(name).items() if key not in own}).replace(name, "…") for name in ENVIRONMENTS]
        self.assertEqual(len(set(texts)), 1, texts)

    def test_the_production_example_limits_concurrency(self):
        # A user may have replaced it.
        if examples := re.findall(r'(?m)^# parameter_overrides = "(.*/production/.*)"$', TEXT):
            given = dict(pair.split("=", 1) for pair in examples[0].split())
            self.assertRegex(given.get("ReservedConcurrency", ""), r"^[1-9]\d*$")
            self.assertEqual(given["GradualDeployment"], "Canary10Percent15Minutes")
        else:
            self.assertIn("parameter_overrides", settings("production"))

    def test_a_user_can_fill_it_in_as_the_page_says(self):
        with mock.patch.dict(globals(), CONFIG=filled_in()):
            self.test_each_environment_is_a_stack_of_its_own()
            self.test_environments_differ_only_in_their_names()

    def test_a_tag_deploys_only_where_the_repository_says_so(self):
        jobs = WORKFLOW["jobs"]
        wanted = "vars.DEPLOY == 'true' || github.event_name == 'workflow_dispatch'"
        self.assertEqual({name: job.get("if") for name, job in jobs.items()}, dict.fromkeys(("test", "build"), wanted) | {"staging": None, "production": None})
        # Jobs are skipped if what they need is skipped.
        self.assertEqual((jobs["staging"]["needs"], jobs["production"]["needs"]), (["test", "build"], "staging"))

    def test_each_attempt_of_the_workflow_is_another_release(self):
        self.assertEqual(WORKFLOW["env"]["RELEASE"], "${{ github.sha }}-${{ github.run_id }}.${{ github.run_attempt }}")

    def test_the_workflow_accepts_that_nothing_is_deployed_only_on_request(self):
        for name in ("staging", "production"):
            (step,) = (of for of in WORKFLOW["jobs"][name]["steps"] if "make keep" in of.get("run", ""))
            self.assertEqual(step["run"], f'make keep ENV={name} ARGS="$FIRST"')
            self.assertEqual(step["env"], {"FIRST": "${{ inputs.first && '--first' || '' }}"})

    def test_the_workflow_uses_no_other_environment(self):
        workflow = (REPOSITORY / ".github/workflows/deploy.yml").read_text()
        self.assertEqual(set(re.findall(r"ENV=(\w+)", workflow)), {"staging", "production"})


if __name__ == "__main__":
    unittest.main()
