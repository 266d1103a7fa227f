"""What openapi.yaml says of the asks, against what the endpoints take and refuse: field by field, by body and by query."""

import json
import unittest
from urllib.parse import urlencode

from document import DOCUMENT, ask, errors, operation, resolved
from local import local

PROVIDERS = [path.split("/")[1] for path in DOCUMENT["paths"]]
# Otherwise a grant that is not allowed would be refused, however well it is asked for.
FLAGS = ["--set", "cartesia:ALLOWED_GRANTS=tts,stt,agent"]
# What no field's schema speaks of by itself.
ODD = [None, True, False, 0, -1, 1, 60, 1.5, 60.0, 1e300, 2**64, "", "60", "tts", [], ["tts"], {}, {"tts": True}]
SWITCHES = [{"tts": True, "sing": True}, {"tts": False}, {"stt": None}, {"tts": 1}, {"agent": True, "tts": None}]


def edges(schema):
    """Values on both sides of what a schema permits."""
    schema = resolved(schema)
    values = list(schema.get("enum", [])) + ([schema["const"]] if "const" in schema else [])
    for edge in (schema.get("minimum"), schema.get("maximum")):
        values += [] if edge is None else [edge - 1, edge, edge + 1]
    for branch in schema.get("oneOf", []):
        values += edges(branch)
    return values


class Fields(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.local = cls.enterClassContext(local(*FLAGS))
        cls.session = cls.local.bearer("ada")

    def post(self, provider, value):
        headers = self.session | {"content-type": "application/json"}
        return self.local.send("POST", f"/{provider}/token", headers, json.dumps(value).encode())

    def get(self, provider, fields):
        return self.local.send("GET", f"/{provider}/token?{urlencode(fields)}", self.session)

    def compare(self, answer, faults, field, case):
        """Taken where the document permits it, else refused with the field's name."""
        self.assertEqual(answer.status, 422 if faults else 200, f"{case}: {faults} {answer.body}")
        if faults:
            self.assertIn(field, [error["field"] for error in answer.json()["errors"]], case)

    def test_they_are_the_fields_that_an_endpoint_names_itself(self):
        for provider in PROVIDERS:
            message = self.post(provider, {"nope": 1}).json()["errors"][-1]["message"]
            known = set(message.partition("permitted: ")[2].split(", "))
            self.assertEqual(set(ask(provider)["properties"]), known, provider)
            parameters = map(resolved, operation(provider, "get")["parameters"])
            self.assertEqual({row["name"] for row in parameters if row["in"] == "query"}, known, provider)
            self.assertEqual(self.get(provider, {"nope": 1}).status, 422, provider)

    def test_names_to_choose_from_are_those_that_a_refusal_lists(self):
        schemas = DOCUMENT["components"]["schemas"]
        for answer, names in [
            (self.post("cartesia", {"grants": {}}), schemas["Grant"]["enum"]),
            (self.post("elevenlabs", {"token_type": ""}), schemas["TokenType"]["enum"]),
        ]:
            self.assertIn(f" {', '.join(names)}", answer.json()["errors"][0]["message"])

    def test_a_value_is_taken_in_a_body_where_the_document_permits_it(self):
        for provider in PROVIDERS:
            schema = ask(provider)
            needed = {name: edges(schema["properties"][name])[0] for name in schema.get("required", [])}
            for field, permitted in schema["properties"].items():
                for value in edges(permitted) + ODD + (SWITCHES if field == "grants" else []):
                    asked = needed | {field: value}
                    with self.subTest(provider=provider, ask=asked):
                        self.compare(self.post(provider, asked), errors(schema, asked), field, asked)

    def test_a_value_is_taken_in_a_query_where_the_document_permits_it(self):
        for provider in PROVIDERS:
            parameters = [resolved(row) for row in operation(provider, "get")["parameters"]]
            parameters = {row["name"]: row for row in parameters if row["in"] == "query"}
            needed = {name: edges(row["schema"])[0] for name, row in parameters.items() if row.get("required")}
            for field, parameter in parameters.items():
                for text, value in query_values(parameter["schema"]):
                    with self.subTest(provider=provider, field=field, text=text):
                        answer = self.get(provider, needed | {field: text})
                        self.compare(answer, errors(parameter["schema"], value), field, text)

    def test_what_is_required_cannot_be_left_out_and_the_rest_can(self):
        for provider in PROVIDERS:
            body = operation(provider, "post")["requestBody"]
            required = bool(ask(provider).get("required"))
            self.assertEqual(body.get("required", False), required, provider)
            bare = self.local.send("POST", f"/{provider}/token", self.session)
            for answer in (bare, self.post(provider, {}), self.get(provider, {})):
                self.assertEqual(answer.status, 422 if required else 200, provider)

    def test_of_two_names_of_a_field_only_one_may_be_sent(self):
        both = {"expires_in_seconds": 60, "expires_in": 60}
        self.assertNotEqual(errors(ask("assemblyai"), both), [])
        self.compare(self.post("assemblyai", both), True, "expires_in", both)
        # Which a document can say of a body alone.
        self.compare(self.get("assemblyai", both), True, "expires_in", both)


def query_values(schema):
    """Texts, and what they mean to the document: a number where they are one in digits."""
    schema = resolved(schema)
    if schema.get("type") == "array":
        texts = [*schema["items"].get("enum", resolved(schema["items"])["enum"]), "tts,stt", "stt,agent,tts", "", "tts,", "sing"]
        return [(text, text.split(",")) for text in texts]
    texts = [str(value) for value in edges(schema)] + ["", "soon", "60", "60.5", "-60", "+60", "0x3c", "60 ", "6e1", "99999999999"]
    return [(text, int(text) if text.isdecimal() else text) for text in texts]


if __name__ == "__main__":
    unittest.main()
