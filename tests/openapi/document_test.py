"""openapi.yaml matches the code and the error table."""

import re
import tomllib
import unittest
from pathlib import Path

from document import COMPONENTS, DOCUMENT, METHODS, PROVIDERS, REPOSITORY, errors, problem_codes, resolved

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

    def test_each_function_is_described_as_a_provider(self):
        self.assertEqual(sorted(path.parents[1].name for path in REPOSITORY.glob("functions/*/src/main.rs")), sorted(PROVIDERS))

    def test_it_has_the_codes_of_the_code_and_of_the_error_table(self):
        in_code = {(status, code) for code, (status, _) in refusals().items()}
        problems = [problem_codes(response) for response in COMPONENTS["responses"].values()]
        in_document = {(status, code) for status, codes in filter(None, problems) for code in codes}
        self.assertEqual(in_document, in_code)
        self.assertEqual(set(COMPONENTS["schemas"]["Code"]["enum"]), set(refusals()))
        table = re.findall(r'^\| (\d{3}) \| <a id="(\w+)"></a>`(\w+)`', (REPOSITORY / "README.md").read_text(), re.M)
        self.assertTrue(all(anchor == code for _, anchor, code in table), "type points to the anchor")
        self.assertEqual({(int(status), code) for status, _, code in table}, in_code)

    def test_each_response_is_listed_under_its_status(self):
        for name, operation in operations():
            for status, response in operation["responses"].items():
                codes = problem_codes(resolved(response))
                self.assertEqual(codes is not None, int(status) >= 400, f"{name} {status}")
                self.assertEqual(codes[0] if codes else int(status), int(status), name)

    def test_there_is_an_example_of_each_code(self):
        for name, response in COMPONENTS["responses"].items():
            codes = problem_codes(response)
            if codes is None:
                continue
            examples = response["content"]["application/problem+json"]["examples"]
            self.assertEqual(set(examples), codes[1], name)
            for code, example in examples.items():
                problem = example["value"]
                self.assertEqual(problem["code"], code)
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
        text = (REPOSITORY / "openapi.yaml").read_text()
        for kind, components in COMPONENTS.items():
            unused = {name for name in components if f'"#/components/{kind}/{name}"' not in text}
            expected = {"responses": {"MethodNotAllowed"}, "securitySchemes": set(components)}.get(kind, set())
            self.assertEqual(unused, expected)
        self.assertEqual([*COMPONENTS["securitySchemes"]], [name for row in DOCUMENT["security"] for name in row])


if __name__ == "__main__":
    unittest.main()
