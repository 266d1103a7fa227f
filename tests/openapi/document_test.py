"""openapi.yaml matches the code and the error table."""

import re
import tomllib
import unittest
from pathlib import Path

import yaml
from document import COMPONENTS, DOCUMENT, METHODS, PROVIDERS, REPOSITORY, TEXT, errors, problem_codes, resolved

WORKSPACE = tomllib.loads((REPOSITORY / "Cargo.toml").read_text())["workspace"]["package"]


def refusals():
    """Status and title of each code, as shared/src/problem.rs has them."""
    source = Path(REPOSITORY, "shared/src/problem.rs").read_text()
    rows = re.findall(r'StatusCode::(\w+),\s*"(\w+)",\s*"([^"]+)"', source)
    variants = re.search(r"pub enum Code \{\n(.*?)\n\}", source, re.DOTALL)[1].split()
    assert len(rows) == len(variants) > 0, "this test no longer understands problem.rs"
    return {code: (STATUSES[name], title) for name, code, title in rows}


# The http crate's names, some of which differ from Python's.
STATUSES = {
    "BAD_REQUEST": 400,
    "UNAUTHORIZED": 401,
    "FORBIDDEN": 403,
    "METHOD_NOT_ALLOWED": 405,
    "PAYLOAD_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "UNPROCESSABLE_ENTITY": 422,
    "TOO_MANY_REQUESTS": 429,
    "INTERNAL_SERVER_ERROR": 500,
    "BAD_GATEWAY": 502,
    "SERVICE_UNAVAILABLE": 503,
    "GATEWAY_TIMEOUT": 504,
}


def operations():
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            yield f"{method} {path}", operation


class Document(unittest.TestCase):
    maxDiff = None

    def test_each_function_is_described_as_a_provider(self):
        self.assertEqual(sorted(path.parents[1].name for path in REPOSITORY.glob("functions/*/src/main.rs")), sorted(PROVIDERS))

    def test_it_has_the_providers_and_the_version_of_the_workspace(self):
        self.assertEqual(list(DOCUMENT["paths"]), [f"/{provider}/token" for provider in PROVIDERS])
        self.assertEqual(sorted(tag["name"] for tag in DOCUMENT["tags"]), sorted(PROVIDERS))
        for path, item in DOCUMENT["paths"].items():
            self.assertEqual(tuple(item), METHODS, path)
        self.assertEqual(DOCUMENT["info"]["version"], WORKSPACE["version"])
        self.assertEqual(DOCUMENT["info"]["license"]["identifier"], WORKSPACE["license"])

    def test_it_has_the_codes_of_the_code_and_of_the_error_table(self):
        in_code = {(status, code) for code, (status, _) in refusals().items()}
        in_document = set().union(*(problem_codes(response) or () for response in COMPONENTS["responses"].values()))
        self.assertEqual(in_document, in_code)
        self.assertEqual(set(COMPONENTS["schemas"]["ProblemCode"]["enum"]), set(refusals()))
        table = re.findall(r'^\| (\d{3}) \| <a id="(\w+)"></a>`(\w+)`', (REPOSITORY / "README.md").read_text(), re.M)
        self.assertTrue(all(anchor == code for _, anchor, code in table), "type points to the anchor")
        self.assertEqual({(int(status), code) for status, _, code in table}, in_code)

    def test_each_response_is_listed_under_its_status(self):
        for name, operation in operations():
            for status, response in operation["responses"].items():
                codes = problem_codes(resolved(response))
                self.assertEqual(codes is not None, int(status) >= 400, f"{name} {status}")
                self.assertEqual({status for status, _ in codes or ()} or {int(status)}, {int(status)}, name)

    def test_examples_of_problems_are_named_by_their_codes(self):
        for name, response in COMPONENTS["responses"].items():
            for code, example in response.get("content", {}).get("application/problem+json", {}).get("examples", {}).items():
                problem = example["value"]
                self.assertEqual(problem["code"], code, name)
                self.assertEqual(problem["title"], refusals()[code][1])
                self.assertEqual(problem["type"], f"{WORKSPACE['repository']}#{code}")

    def test_examples_match_their_schemas(self):
        for name, response in COMPONENTS["responses"].items():
            for content in response.get("content", {}).values():
                examples = [example["value"] for example in content.get("examples", {}).values()]
                for example in examples or [content["example"]]:
                    self.assertEqual(errors(content["schema"], example), [], name)
        for kind in ("parameters", "headers"):
            for name, component in COMPONENTS[kind].items():
                if "example" in component:
                    self.assertEqual(errors(component["schema"], component["example"]), [], name)
        for name, schema in COMPONENTS["schemas"].items():
            for example in schema.get("examples", []):
                self.assertEqual(errors(schema, example), [], name)

    def test_all_components_are_used(self):
        named = {"responses": {"MethodNotAllowed"}, "schemas": {"ProblemCode"}, "securitySchemes": set(COMPONENTS["securitySchemes"])}
        for kind, components in COMPONENTS.items():
            unused = {name for name in components if f'"#/components/{kind}/{name}"' not in TEXT}
            self.assertEqual(unused, named.get(kind, set()))
        self.assertEqual([*COMPONENTS["securitySchemes"]], [name for row in DOCUMENT["security"] for name in row])

    def test_generators_of_clients_can_read_it(self):
        """They refuse what PyYAML accepts. tests/clients runs one of them."""
        for event in yaml.parse(TEXT):
            self.assertIsNone(getattr(event, "anchor", None), f"an anchor or alias: {event.start_mark}")
        for node in mappings(yaml.compose(TEXT)):
            names = [name.value for name, _ in node.value]
            self.assertEqual(len(set(names)), len(names), f"a name occurs twice: {node.start_mark}")
        for name, schema in COMPONENTS["schemas"].items():
            for part in subschemas(schema):
                # Some generated clients look for a match at the start, others anywhere.
                self.assertRegex(part.get("pattern", "^"), r"^\^", name)
                # Their constants are types of their own, and a boolean one does not even compile in Swift.
                self.assertNotIn("const", part, name)
                self.assertTrue("enum" not in part or "type" in part, name)
                # A keyword next to a reference, except a description, makes a type without a name.
                self.assertTrue("$ref" not in part or part.keys() <= {"$ref", "description"}, name)
        for response in COMPONENTS["responses"].values():
            for content in response.get("content", {}).values():
                self.assertEqual(list(content["schema"]), ["$ref"])


def mappings(node):
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, value in node.value:
            yield from mappings(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from mappings(item)


def subschemas(schema):
    """A schema and those in it that are types: what is under `not` is no type."""
    yield schema
    inner = [schema["items"]] if "items" in schema else []
    for part in [*inner, *schema.get("properties", {}).values(), *schema.get("allOf", []), *schema.get("oneOf", [])]:
        yield from subschemas(part)


if __name__ == "__main__":
    unittest.main()
