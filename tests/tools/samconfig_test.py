"""samconfig.toml has the environments of the Makefile and the workflows."""

import re
import tomllib
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
CONFIG = tomllib.loads((REPOSITORY / "samconfig.toml").read_text())
ENVIRONMENTS = ("dev", "staging", "production")


class SamConfig(unittest.TestCase):
    def test_each_environment_is_a_stack_with_its_name(self):
        self.assertEqual(set(CONFIG) - {"version", "default"}, set(ENVIRONMENTS))
        for name in ENVIRONMENTS:
            deploy = CONFIG[name]["deploy"]["parameters"]
            self.assertEqual(deploy["stack_name"], f"voicemint-{name}", "make smoke and make keep use this name")
            self.assertIn(f"environment={name}", deploy["tags"])
            self.assertTrue(deploy["confirm_changeset"], "only the workflow deploys without confirmation")

    def test_environments_differ_only_in_their_names(self):
        texts = [str(CONFIG[name]["deploy"]["parameters"]).replace(name, "…") for name in ENVIRONMENTS]
        # The parameters may differ.
        self.assertEqual(len({re.sub(r", 'parameter_overrides': .*", "}", text) for text in texts}), 1, texts)

    def test_the_production_example_limits_concurrency(self):
        (example,) = re.findall(r'(?m)^# parameter_overrides = "(.*production.*)"$', (REPOSITORY / "samconfig.toml").read_text())
        given = dict(pair.split("=", 1) for pair in example.split())
        self.assertRegex(given.get("ReservedConcurrency", ""), r"^[1-9]\d*$")

    def test_the_workflow_uses_no_other_environment(self):
        workflow = (REPOSITORY / ".github/workflows/deploy.yml").read_text()
        self.assertEqual(set(re.findall(r"ENV=(\w+)", workflow)), {"staging", "production"})


if __name__ == "__main__":
    unittest.main()
