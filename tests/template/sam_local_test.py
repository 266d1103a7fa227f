"""The REST API that `make sam-local` creates from template.yaml has the same functions at the same
paths.
"""

import json
import re
import sys
import tempfile
import unittest
from pathlib import Path

from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from stack import ALL, PSEUDO, ROOT, Stack, source, written_out

sys.path.append(str(ROOT / "tests/sam"))

from rest import with_rest_api


def called(resources, kind):
    """The functions of an API by path."""
    (body,) = (of["Properties"]["Body"] for of in resources.values() if of["Type"] == kind)
    return {path: re.findall(r"\$\{(\w+Function)Aliaslive\}", json.dumps(of)) for path, of in body["paths"].items()}


class SamLocal(unittest.TestCase):
    def test_a_rest_api_has_the_same_routes(self):
        with tempfile.TemporaryDirectory(prefix="voicemint-") as folder:
            built = Path(folder, "template.yaml")
            built.write_text(written_out())
            made = json.loads(json.dumps(yaml_parse(with_rest_api(built))))
        functions = {name: of for name, of in made["Resources"].items() if of["Type"] == "AWS::Serverless::Function"}
        for name, of in functions.items():
            where = source()["Resources"][name]["Properties"]["CodeUri"]
            self.assertEqual(Path(of["Properties"]["CodeUri"]), built.resolve().parent / where)
            of["Properties"]["CodeUri"] = "s3://code/function.zip"
        translator = Translator({}, Parser())
        defaults = {name: str(of.get("Default", "")) for name, of in made["Parameters"].items()}
        stack = translator.translate(made, defaults | ALL | PSEUDO)
        translator.metrics.publish()
        rest = called(stack["Resources"], "AWS::ApiGateway::RestApi")
        self.assertEqual(rest, called(Stack(ALL).template["Resources"], "AWS::ApiGatewayV2::Api"))
        self.assertEqual(sorted(name for names in rest.values() for name in names), sorted(functions))


if __name__ == "__main__":
    unittest.main()
