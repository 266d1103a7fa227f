"""samconfig.toml: the environments that the Makefile and the workflows name."""

import re
import tomllib
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
CONFIG = tomllib.loads((REPOSITORY / "samconfig.toml").read_text())
ENVIRONMENTS = ("dev", "staging", "production")


class SamConfig(unittest.TestCase):
    def test_each_environment_is_a_stack_by_its_name(self):
        self.assertEqual(set(CONFIG) - {"version", "default"}, set(ENVIRONMENTS))
        for name in ENVIRONMENTS:
            deploy = CONFIG[name]["deploy"]["parameters"]
            self.assertEqual(deploy["stack_name"], f"voicemint-{name}", "as make smoke and make keep look for it")
            self.assertIn(f"environment={name}", deploy["tags"])
            self.assertTrue(deploy["confirm_changeset"], "only the workflow goes on without being asked")

    def test_environments_differ_in_names_alone(self):
        texts = [str(CONFIG[name]["deploy"]["parameters"]).replace(name, "…") for name in ENVIRONMENTS]
        # Parameters are each one's own.
        self.assertEqual(len({re.sub(r", 'parameter_overrides': .*", "}", text) for text in texts}), 1, texts)

    def test_the_example_of_production_bounds_how_many_environments_a_flood_can_take(self):
        (example,) = re.findall(r'(?m)^# parameter_overrides = "(.*production.*)"$', (REPOSITORY / "samconfig.toml").read_text())
        given = dict(pair.split("=", 1) for pair in example.split())
        self.assertRegex(given.get("ReservedConcurrency", ""), r"^[1-9]\d*$")

    def test_the_workflow_names_no_other(self):
        workflow = (REPOSITORY / ".github/workflows/deploy.yml").read_text()
        self.assertEqual(set(re.findall(r"ENV=(\w+)", workflow)), {"staging", "production"})


if __name__ == "__main__":
    unittest.main()
