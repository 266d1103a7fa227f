"""openapi.yaml as the tests read it: what it says of asks and answers, and whether an answer is what it says."""

from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

REPOSITORY = Path(__file__).parents[2]
DOCUMENT = yaml.safe_load((REPOSITORY / "openapi.yaml").read_text())
COMPONENTS = DOCUMENT["components"]
METHODS = ("get", "post", "delete", "options")
# Of the connection and not of the answer.
TRANSPORT = {"connection", "content-length", "content-type", "date"}


def resolved(node):
    """A node, or the one that it refers to."""
    while "$ref" in node:
        target = DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def operation(provider, method):
    return DOCUMENT["paths"][f"/{provider}/token"][method.lower()]


def response(provider, method, status):
    """What is said of an answer. Methods that the document does not have are all answered alike."""
    if method not in map(str.upper, METHODS):
        return COMPONENTS["responses"]["MethodNotAllowed"]
    return resolved(operation(provider, method)["responses"][str(status)])


def ask(provider):
    """The schema of a provider's ask."""
    return resolved(operation(provider, "post")["requestBody"]["content"]["application/json"]["schema"])


def errors(schema, value):
    """Why a value is not as a schema says, if it is not."""
    # Beside the components, as the schema's references start at the document's root.
    root = {"components": COMPONENTS, "allOf": [schema]}
    validator = Draft202012Validator(root, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def problem_codes(response):
    """Status and codes of a response that is a problem document; nothing for any other."""
    problem = response.get("content", {}).get("application/problem+json")
    if problem is None:
        return None
    said = problem["schema"]["allOf"][1]["properties"]
    code = said["code"]
    return said["status"]["const"], set(code.get("enum", [code.get("const")]))


def deviations(said, answer):
    """What of an answer is not as the document says."""
    found = []
    documented = {name.lower(): resolved(header) for name, header in said.get("headers", {}).items()}
    sent = {name for name, _ in answer.headers}
    found += [f"{name} is not documented" for name in sent - set(documented) - TRANSPORT]
    found += [f"{name} is missing" for name, header in documented.items() if header.get("required") and name not in sent]
    for name, value in answer.headers:
        schema = documented.get(name, {}).get("schema", {})
        typed = int(value) if schema.get("type") == "integer" else value
        found += [f"{name}: {error}" for error in errors(schema, typed)]
    media_types = said.get("content", {})
    if not media_types:
        return found + (["there is a body"] if answer.body else [])
    media_type = answer.header("content-type")
    if media_type not in media_types:
        return [*found, f"{media_type} is not documented"]
    schema = media_types[media_type]["schema"]
    members = {name for part in schema["allOf"] for name in resolved(part).get("properties", {})}
    found += [f"{name} is not documented" for name in answer.json().keys() - members]
    return found + errors(schema, answer.json())
