"""Reads openapi.yaml for the tests, and compares responses with it."""

import sys
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

REPOSITORY = Path(__file__).parents[2]
sys.path.append(str(REPOSITORY / "tools"))
from providers import providers  # noqa: E402

PROVIDERS = {provider.name: provider for provider in providers()}
TEXT = (REPOSITORY / "openapi.yaml").read_text()
DOCUMENT = yaml.safe_load(TEXT)
COMPONENTS = DOCUMENT["components"]
METHODS = ("get", "post", "delete", "options")
# Headers of the connection, not of the response.
TRANSPORT = {"connection", "content-length", "content-type", "date"}


def resolved(node):
    """A node, or the node that it refers to."""
    while "$ref" in node:
        target = DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def operation(provider, method):
    return DOCUMENT["paths"][f"/{provider}/token"][method.lower()]


def documented_response(provider, method, status):
    """A response in the document. All methods that it does not list have the same one."""
    if method not in map(str.upper, METHODS):
        return COMPONENTS["responses"]["MethodNotAllowed"]
    return resolved(operation(provider, method)["responses"][str(status)])


def token_request(provider):
    """The schema of a provider's token requests."""
    return resolved(operation(provider, "post")["requestBody"]["content"]["application/json"]["schema"])


def errors(schema, value):
    """How a value violates a schema."""
    # References in the schema start at the root of the document.
    root = {"components": COMPONENTS, "allOf": [schema]}
    validator = Draft202012Validator(root, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def problem_codes(response):
    """Statuses and codes of a response that is a problem document, as its examples have them; otherwise None."""
    problem = response.get("content", {}).get("application/problem+json")
    if problem is None:
        return None
    return {(example["value"]["status"], example["value"]["code"]) for example in problem["examples"].values()}


def wrong_values(documented_response, provider, value):
    """Where a body differs from what the document says of values in words and examples: types are the schema's."""
    if codes := problem_codes(documented_response):
        found = [] if (value["status"], value["code"]) in codes else [f"{value['status']} {value['code']} has no example"]
        return found + ["errors is missing"] * ("errors" not in value and value["code"] == "request_invalid")
    response = PROVIDERS[provider].data["response"]
    constants = {name: member["const"] for name, member in response.get("properties", {}).items() if "const" in member}
    constants |= {"provider": provider} | {name: response[name] for name in ("single_use",) if name in response}
    return [f"{name} is {value.get(name)}, not {constant}" for name, constant in constants.items() if value.get(name) != constant]


def unknown_members(schema, value, path=""):
    """Members of a value that its schema does not name. Clients ignore them, so the schema allows them."""
    schema = resolved(schema)
    if isinstance(value, list):
        return [name for item in value for name in unknown_members(schema["items"], item, path)]
    if not isinstance(value, dict):
        return []
    parts = [resolved(part) for part in schema.get("allOf", [schema])]
    members = {name: member for part in parts for name, member in part["properties"].items()}
    found = [f"{path}{name} is not documented" for name in value.keys() - members.keys()]
    for name in value.keys() & members.keys():
        found += unknown_members(members[name], value[name], f"{path}{name}.")
    return found


def deviations(documented_response, response, provider):
    """Where a provider's response differs from the document."""
    found = []
    documented = {name.lower(): resolved(header) for name, header in documented_response.get("headers", {}).items()}
    sent = {name for name, _ in response.headers}
    found += [f"{name} is not documented" for name in sent - set(documented) - TRANSPORT]
    found += [f"{name} is missing" for name, header in documented.items() if header.get("required") and name not in sent]
    for name, value in response.headers:
        schema = documented.get(name, {}).get("schema", {})
        typed = int(value) if schema.get("type") == "integer" else value
        found += [f"{name}: {error}" for error in errors(schema, typed)]
    media_types = documented_response.get("content", {})
    if not media_types:
        return found + (["there is a body"] if response.body else [])
    media_type = response.header("content-type")
    if media_type not in media_types:
        return [*found, f"{media_type} is not documented"]
    schema, value = media_types[media_type]["schema"], response.json()
    return found + errors(schema, value) + unknown_members(schema, value) + wrong_values(documented_response, provider, value)
