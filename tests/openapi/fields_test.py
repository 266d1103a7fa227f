"""The endpoints accept and refuse the values that openapi.yaml allows and forbids, for each field,
in bodies and queries.
"""

import json
import tempfile
import unittest
from pathlib import Path
from urllib.parse import urlencode

from document import PROVIDERS, REPOSITORY, deviations, documented_response, errors, operation, resolved, token_request
from local import local

# Without this, endpoints refuse valid values that are not allowed by default.
EVERYTHING = [
    f"{provider.name}:{setting.variable}={','.join(setting.data['values'])}"
    for provider in PROVIDERS.values()
    for setting in provider.settings
    if setting.data["type"] == "choices"
]
FLAGS = [flag for setting in EVERYTHING for flag in ("--set", setting)]
# Values that do not come from the schema of a field.
ODD = [None, True, False, 0, -1, 1, 60, 1.5, 60.0, 1e300, 2**64, "", "60", "tts", [], ["tts"], {}, {"tts": True}]
SWITCHES = [{"tts": True, "sing": True}, {"tts": False}, {"stt": None}, {"tts": 1}, {"agent": True, "tts": None}]


def edges(schema):
    """Values at the limits of a schema, inside and outside."""
    schema = resolved(schema)
    values = list(schema.get("enum", [])) + ([schema["const"]] if "const" in schema else [])
    for edge in (schema.get("minimum"), schema.get("maximum")):
        values += [] if edge is None else [edge - 1, edge, edge + 1]
    if "maxLength" in schema:
        values += ["x" * schema["maxLength"], "x" * (schema["maxLength"] + 1)]
    for branch in schema.get("oneOf", []):
        values += edges(branch)
    return values


def profiles():
    """Profiles of every name that a request below has, so that a name that the document allows is one of them."""
    of_providers = {}
    for name in PROVIDERS:
        schema = token_request(name)["properties"].get("profile")
        file = REPOSITORY / "functions" / name / "profiles.json"
        if schema and file.exists():
            values = [*edges(schema), *ODD, *(text for text, _ in query_values(schema))]
            names = {value for value in values if isinstance(value, str) and not errors(schema, value)}
            examples = json.loads(file.read_text())
            special = {of: examples[of] for of in PROVIDERS[name].profile_requests}
            of_providers[name] = dict.fromkeys(["default", *sorted(names)], examples["default"]) | special
    return of_providers


class Fields(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        file = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="voicemint-")), "profiles.json")
        file.write_text(json.dumps(profiles()))
        cls.local = cls.enterClassContext(local(*FLAGS, "--profiles", str(file)))
        cls.session = cls.local.bearer("ada")
        deployment = cls.local.send("GET", "/deployment.json", {}).json()
        cls.profiles = {name: provider["profiles"] for name, provider in deployment["providers"].items()}

    def post(self, provider, value):
        headers = self.session | {"content-type": "application/json"}
        return self.send("POST", provider, "", headers, json.dumps(value).encode())

    def get(self, provider, fields):
        return self.send("GET", provider, f"?{urlencode(fields)}", self.session)

    def send(self, method, provider, query, headers, body=None):
        response = self.local.send(method, f"/{provider}/token{query}", headers, body)
        documented = documented_response(provider, method, response.status)
        self.assertEqual(deviations(documented, response, provider), [], f"{method} {provider} {query} {body}")
        return response

    def compare(self, response, errors, field, case):
        """Checks that a value is accepted if the document allows it, and otherwise refused with the
        name of the field.
        """
        self.assertEqual(response.status, 422 if errors else 200, f"{case}: {errors} {response.body}")
        if errors:
            self.assertIn(field, [error["field"] for error in response.json()["errors"]], case)

    def needed(self, provider, field, value):
        """What a request with this field also needs: a profile that uses it, or what the profile uses."""
        profiles = PROVIDERS[provider].profile_requests
        if field == "profile":
            return profiles.get(value, {}) if isinstance(value, str) else {}
        return next(({"profile": name} for name, used in profiles.items() if field in used), {})

    def unknown(self, provider, field, value):
        """Whether a value names a profile that the deployment does not have: the document knows the form of names only."""
        return field == "profile" and isinstance(value, str) and value not in self.profiles[provider]

    def test_the_document_has_the_fields_that_an_endpoint_lists(self):
        for provider in PROVIDERS:
            message = self.post(provider, {"nope": 1}).json()["errors"][-1]["message"]
            known = set(message.partition("permitted: ")[2].split(", "))
            self.assertEqual(set(token_request(provider)["properties"]), known, provider)
            parameters = map(resolved, operation(provider, "get")["parameters"])
            self.assertEqual({row["name"] for row in parameters if row["in"] == "query"}, known, provider)
            self.assertEqual(self.get(provider, {"nope": 1}).status, 422, provider)

    def test_the_document_has_the_names_that_a_problem_lists(self):
        wrong = {"switches": {}, "choice": ""}
        listed = 0
        for name, provider in PROVIDERS.items():
            for field in provider.fields:
                if field.get("type") in wrong:
                    listed += 1
                    response = self.post(name, provider.smallest_request | {field["name"]: wrong[field["type"]]})
                    self.assertIn(f" {', '.join(field['values'])}", response.json()["errors"][0]["message"])
        self.assertGreater(listed, 1)

    def test_bodies_accept_the_values_that_the_document_allows(self):
        for provider in PROVIDERS:
            schema = token_request(provider)
            needed = {name: edges(schema["properties"][name])[0] for name in schema.get("required", [])}
            for field, allowed in schema["properties"].items():
                named = self.profiles[provider] if field == "profile" else []
                for value in edges(allowed) + ODD + named + (SWITCHES if field == "grants" else []):
                    request = needed | self.needed(provider, field, value) | {field: value}
                    with self.subTest(provider=provider, request=request):
                        wrong = errors(schema, request) or self.unknown(provider, field, value)
                        self.compare(self.post(provider, request), wrong, field, request)

    def test_queries_accept_the_values_that_the_document_allows(self):
        for provider in PROVIDERS:
            parameters = [resolved(row) for row in operation(provider, "get")["parameters"]]
            parameters = {row["name"]: row for row in parameters if row["in"] == "query"}
            needed = {name: edges(row["schema"])[0] for name, row in parameters.items() if row.get("required")}
            for field, parameter in parameters.items():
                for text, value in query_values(parameter["schema"]):
                    with self.subTest(provider=provider, field=field, text=text):
                        response = self.get(provider, needed | self.needed(provider, field, text) | {field: text})
                        wrong = errors(parameter["schema"], value) or self.unknown(provider, field, text)
                        self.compare(response, wrong, field, text)

    def test_only_required_fields_must_be_present(self):
        for provider in PROVIDERS:
            body = operation(provider, "post")["requestBody"]
            required = bool(token_request(provider).get("required"))
            self.assertEqual(body.get("required", False), required, provider)
            bare = self.local.send("POST", f"/{provider}/token", self.session)
            for response in (bare, self.post(provider, {}), self.get(provider, {})):
                self.assertEqual(response.status, 422 if required else 200, provider)

    def test_only_one_of_two_names_of_a_field_may_be_sent(self):
        aliases = [(name, field) for name, provider in PROVIDERS.items() for field in provider.fields if "alias_of" in field]
        self.assertTrue(aliases)
        for provider, field in aliases:
            value = edges(token_request(provider)["properties"][field["name"]])[1]
            both = {field["alias_of"]: value, field["name"]: value}
            self.assertNotEqual(errors(token_request(provider), both), [])
            self.compare(self.post(provider, both), True, field["name"], both)
            # OpenAPI can express this only for bodies.
            self.compare(self.get(provider, both), True, field["name"], both)


def query_values(schema):
    """Texts, each with its value in the document: a number if the text consists of digits and the field is no text."""
    schema = resolved(schema)
    if schema.get("type") == "array":
        texts = [*schema["items"].get("enum", resolved(schema["items"])["enum"]), "tts,stt", "stt,agent,tts", "", "tts,", "sing"]
        return [(text, text.split(",")) for text in texts]
    texts = [str(value) for value in edges(schema)] + ["", "soon", "60", "60.5", "-60", "+60", "0x3c", "60 ", "6e1", "99999999999"]
    is_text = schema.get("type") == "string"
    return [(text, int(text) if text.isdecimal() and not is_text else text) for text in texts]


if __name__ == "__main__":
    unittest.main()
