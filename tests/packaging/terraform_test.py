"""deploy/terraform: its syntax, and its names by the AWS provider's schema. Nothing is planned or
applied, because Terraform and the provider are not installed.
"""

import json
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from packed import ARCHITECTURES, ROOT, dist

FILE = ROOT / "deploy/terraform/main.tf"
SCHEMA = json.loads(Path(__file__).with_name("terraform-aws.json").read_text())["types"]
# Terraform's own, in each resource.
META = {"depends_on", "count", "for_each", "lifecycle", "provider"}


def parsed(*paths):
    """Each file as a document, or as the error that its syntax has."""
    command = ["node", Path(__file__).with_name("hcl.mjs"), *paths]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def resources(document):
    """Type, name and body; the type of a data source begins with `data.`."""
    for prefix, section in (("", "resource"), ("data.", "data")):
        for kind, named in document[section].items():
            for name, (body,) in named.items():
                yield prefix + kind, name, body


def mistakes(document):
    """What the schema and the file's own declarations say against it."""
    declared = {f"{kind}.{name}": kind for kind, name, _ in resources(document)}
    for kind, name, body in resources(document):
        if kind in SCHEMA:
            yield from (f"{kind}.{name}: {mistake}" for mistake in against(SCHEMA[kind], body, META))
        else:
            yield f"{kind} is not in terraform-aws.json: add it to tools/terraform_schema.py"
    text = json.dumps(document)
    for reference in re.findall(r"\b(?:data\.)?aws_\w+\.\w+\.\w+", text):
        place, _, attribute = reference.rpartition(".")
        kind = declared.get(place)
        if not kind or attribute not in {*SCHEMA[kind]["required"], *SCHEMA[kind]["optional"], *SCHEMA[kind]["computed"], "id"}:
            yield f"{reference} is unknown"
    for variable in set(re.findall(r"\bvar\.(\w+)", text)) - document["variable"].keys():
        yield f"var.{variable} is unknown"
    for local in set(re.findall(r"\blocal\.(\w+)", text)) - document["locals"][0].keys():
        yield f"local.{local} is unknown"


def against(schema, body, meta=frozenset()):
    known = {*schema["required"], *schema["optional"], *meta}
    yield from (f"{name} is unknown" for name in sorted(body.keys() - known))
    yield from (f"{name} is missing" for name in sorted(set(schema["required"]) - body.keys()))
    for name, inner in schema["blocks"].items():
        # A block, other than an attribute, is parsed as a list.
        for block in body.get(name, []):
            if not isinstance(block, dict):
                yield f"{name} is a block"
                break
            yield from (f"{name}: {mistake}" for mistake in against(inner, block))


class Terraform(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        (cls.document,) = parsed(FILE)
        cls.of = {kind: body for kind, _, body in resources(cls.document)}

    def test_its_names_are_those_of_the_schema_and_its_own(self):
        self.assertEqual(list(mistakes(self.document)), [])
        self.assertEqual(self.of.keys(), SCHEMA.keys())

    def test_wrong_names_are_found(self):
        wrong = {
            "memory_size ": "memory ",
            "role             = aws_iam_role.function.arn\n": "",
            "log_group  =": "group  =",
            "environment {": "environment = {",
            "aws_apigatewayv2_api.api.execution_arn": "aws_apigatewayv2_api.api.execution",
            "aws_dynamodb_table.limits.name": "aws_dynamodb_table.limit.name",
            "var.secret": "var.secrets",
            "local.zip": "local.zips",
        }
        text = FILE.read_text()
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder, f"{place}.tf") for place in range(len(wrong) + 1)]
            for path, (right, other) in zip(paths, wrong.items(), strict=False):
                self.assertIn(right, text)
                path.write_text(text.replace(right, other))
            paths[-1].write_text(text.replace("jsonencode({", "jsonencode({{", 1))
            *documents, invalid = parsed(*paths)
        for document, other in zip(documents, wrong.values(), strict=True):
            self.assertEqual(len(list(mistakes(document))), 1, other)
        self.assertIsInstance(invalid, str)

    def test_the_commands_in_the_documents_give_each_variable_without_a_default(self):
        wanted = {name for name, (of,) in self.document["variable"].items() if "default" not in of}
        for text in (FILE.read_text(), (ROOT / "docs/deploy.md").read_text()):
            command = re.search(r"terraform apply (.*?[^\\])\n(?!#)", text, re.S)[1]
            self.assertEqual(set(re.findall(r"-var '?(\w+)=", command)), wanted)

    def test_it_deploys_a_zip_of_the_release(self):
        (names,) = self.document["locals"]
        values = {"var.release": str(dist()), "var.provider_name": self.document["variable"]["provider_name"][0]["default"]}
        name = names["name"].replace("${var.provider_name}", values["var.provider_name"])
        for architecture in ARCHITECTURES:
            path = names["zip"].replace("${var.release}", str(dist())).replace("${local.name}", name).replace("${var.architecture}", architecture)
            self.assertTrue(Path(path).is_file(), path)
            self.assertIn(architecture, self.document["variable"]["architecture"][0]["validation"][0]["condition"])
        function = self.of["aws_lambda_function"]
        self.assertEqual(function["filename"], "${local.zip}")
        self.assertEqual(function["source_code_hash"], "${filebase64sha256(local.zip)}")
        self.assertEqual((function["runtime"], function["handler"], function["timeout"]), ("provided.al2023", "bootstrap", 10))

    def test_the_route_the_permission_and_the_url_have_the_same_path(self):
        (names,) = self.document["locals"]
        self.assertEqual(names["path"], "/${var.provider_name}/token")
        self.assertEqual(self.of["aws_apigatewayv2_route"]["route_key"], "ANY ${local.path}")
        self.assertTrue(self.of["aws_lambda_permission"]["source_arn"].endswith("/*/*${local.path}"))
        self.assertTrue(self.document["output"]["url"][0]["value"].endswith("${local.path}"))
        self.assertEqual(self.of["aws_apigatewayv2_integration"]["payload_format_version"], "2.0")

    def test_the_function_has_settings_that_exist_and_may_do_what_the_template_permits(self):
        (environment,) = self.of["aws_lambda_function"]["environment"]
        settings = (ROOT / "docs/settings.md").read_text()
        for name in environment["variables"]:
            self.assertIn(f"`{name}`", settings)
        actions = set(re.findall(r'"(\w+:\w+)"', " ".join(re.findall("Action .*", self.of["aws_iam_role_policy"]["policy"]))))
        self.assertEqual(actions, {"secretsmanager:GetSecretValue", "logs:CreateLogStream", "logs:PutLogEvents", "dynamodb:UpdateItem"})
        (key,) = self.of["aws_dynamodb_table"]["attribute"]
        self.assertEqual((key["name"], self.of["aws_dynamodb_table"]["hash_key"]), ("pk", "pk"))
        self.assertEqual(self.of["aws_dynamodb_table"]["ttl"][0]["attribute_name"], "exp")


if __name__ == "__main__":
    unittest.main()
