"""The parts of openapi.yaml that each provider has: deploy/endpoint.yaml once per provider."""

import json
import re
import textwrap
from datetime import datetime, timedelta

from generate_template import filled, scalar
from providers import camel

WIDTH = 100
EXAMPLE_TIME = datetime(2026, 11, 22, 10)
SINGLE_USE = "Whether the provider accepts the token only once."
EXPIRES_IN = {"type": "integer", "minimum": 1, "description": "The remaining lifetime in whole seconds."}
SOCKETS = "The WebSockets that the token opens."
RESUMED = (
    "The same token is returned again if the request has the cookie %s of an earlier response, the cookie belongs to this "
    "caller, has exactly the requested grants, and has at least half of the requested lifetime left. Any other cookie is "
    "ignored."
)


def parts(root, providers):
    """The lines of each part, of all providers."""
    text = (root / "deploy/endpoint.yaml").read_text()
    rendered = [sections(provider, text) for provider in providers]
    return {name: "".join(of[name] for of in rendered) for name in rendered[0]}


def sections(provider, text):
    data, response = provider.data, provider.data["response"]
    text = provider.fill_in(text.partition("\n\n")[2])
    required = any(field.get("required") for field in provider.fields)
    in_query = [field | {"description": field["in_query_of_post"]} for field in provider.fields if "in_query_of_post" in field]
    for name, value in {
        "resumed": written({"description": resumed(provider)}, 6) if response.get("single_use") is False else "",
        "get parameters": parameters(provider, provider.fields),
        "post parameters": parameters(provider, in_query),
        "docs": json.dumps(data["docs"]),
        "body required": "        required: true" if required else "",
        "schemas": written(schemas(provider), 4),
        "request": written(request(provider, data["request"]), 6),
        "token schemas": written(token_schemas(provider), 4),
        "response example": written(example(provider), 12),
    }.items():
        text = filled(text, name, value)
    text = re.sub(
        r"(?m)^( *)description: \{\{(token|response description)\}\}\n",
        lambda hit: written({"description": data["token"] if hit[2] == "token" else described(response)}, len(hit[1])) + "\n",
        text,
    )
    if left := re.search(r"\{\{.*?\}\}", text):
        raise ValueError(f"deploy/endpoint.yaml contains {left[0]}, which is not known")
    found = re.split(r"(?m)^(\w+):\n", text)[1:]
    return {name: body.strip("\n") + "\n" for name, body in zip(found[::2], found[1::2], strict=True)}


def token_schemas(provider):
    """The types of a provider's tokens and of the sockets that they open. No member has a constant value: in generated
    clients, that would be an enumeration of its own.
    """
    response, prefix = provider.data["response"], provider.prefix
    always_there = [name for name in response["example"] if name not in response.get("optional", ())]
    found, members = {}, {}
    if "single_use" in response:
        members["single_use"] = {"type": "boolean", "description": f"{SINGLE_USE} {always(response['single_use'])}"}
    if sockets := provider.sockets:
        connect = {"type": "object", "minProperties": 1} | ({"required": sockets} if len(sockets) == 1 else {})
        found[f"{prefix}Connect"] = connect | {"properties": dict.fromkeys(sockets, {"$ref": "#/components/schemas/Socket"})}
        absent = "" if "connect" in always_there else " Absent if it opens none."
        members["connect"] = {"description": SOCKETS + absent, "$ref": f"#/components/schemas/{prefix}Connect"}
    for name, member in response.get("properties", {}).items():
        members[name] = (EXPIRES_IN if name == "expires_in" else {}) | without_constant(member)
    # The schema Token requires the others.
    required = [name for name in members if name in always_there and name not in ("single_use", "expires_in")]
    own = {"type": "object"} | ({"required": required} if required else {}) | {"properties": members}
    found[f"{prefix}Token"] = {"allOf": [{"$ref": "#/components/schemas/Token"}, own]}
    return found


def without_constant(member):
    kept = {key: value for key, value in member.items() if key != "const"}
    match member.get("const"):
        case None:
            return kept
        case bool(value):
            return {"type": "boolean"} | kept | {"description": f"{member['description']} {always(value)}"}
        case value:
            return {"minimum": value, "maximum": value} | kept


def always(value):
    return f"Always {flow(value)}."


def described(response):
    reusable = response.get("single_use") is False
    return response.get("description") or ("A token, either new or from the cookie." if reusable else "A new token.")


def resumed(provider):
    """Generators of clients ignore parameters in cookies, but list them among the arguments."""
    return RESUMED % f"__Host-{provider.name}-token"


def parameters(provider, fields):
    return written({"parameters": [parameter(provider, field) for field in fields]}, 6) if fields else ""


def parameter(provider, field):
    """A field in a query."""
    row = {"name": field["name"], "in": "query"}
    if field.get("required"):
        row["required"] = True
    row["description"] = description(field, " Send only one of the two.")
    schema = reference(provider, field)
    if field.get("type") == "switches":
        row |= {"style": "form", "explode": False}
        schema = {"type": "array", "minItems": 1, "items": {"$ref": f"#/components/schemas/{provider.prefix}{singular(field)}"}}
    row["schema"] = schema
    return row | ({"example": field["example"]} if "example" in field else {})


def description(field, of_alias=""):
    return f"Another name for {field['alias_of']}.{of_alias}" if "alias_of" in field else field["description"]


def reference(provider, field):
    name = provider.prefix + camel(field.get("alias_of", field["name"]))
    return {"$ref": f"#/components/schemas/{name}"}


def schemas(provider):
    """The values of each field; of switches also their names."""
    found = {}
    for field in provider.fields:
        if "alias_of" in field:
            continue
        match field["type"]:
            case "switches":
                found[provider.prefix + singular(field)] = {"type": "string", "enum": field["values"]}
                schema = switches(field)
            case "choice":
                schema = {"type": "string", "enum": field["values"]}
            case "integer":
                schema = {"type": "integer", "minimum": field["min"], "maximum": field["max"]}
            case "constant":
                schema = {"type": "integer", "minimum": field["value"], "maximum": field["value"]}
            case "text":
                schema = {"type": "string"}
                schema |= {"pattern": field["pattern"]} if "pattern" in field else {}
                schema |= {"maxLength": field["max_length"]} if "max_length" in field else {}
        found[provider.prefix + camel(field["name"])] = schema
    return found


def switches(field):
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": dict.fromkeys(field["values"], {"type": ["boolean", "null"]}),
        # At least one is true. Generators of clients ignore it in this form.
        "not": {"additionalProperties": {"not": {"const": True}}},
    }


def singular(field):
    return camel(field["name"]).removesuffix("s")


def request(provider, data):
    schema = {"description": data["description"]} if "description" in data else {}
    schema |= {"type": "object", "additionalProperties": False}
    if required := [field["name"] for field in provider.fields if field.get("required")]:
        schema["required"] = required
    schema["properties"] = {field["name"]: member(provider, field) for field in provider.fields}
    pairs = [{"required": [field["alias_of"], field["name"]]} for field in provider.fields if "alias_of" in field]
    if pairs:
        schema["not"] = pairs[0] if len(pairs) == 1 else {"anyOf": pairs}
    return schema | {"examples": [data["example"]]} if "example" in data else schema


def member(provider, field):
    """A field in a body."""
    schema = reference(provider, field)
    if field.get("nullable"):
        schema = {"oneOf": [{"type": "null"}, schema]}
    return {"description": description(field)} | schema


def example(provider):
    given = provider.data["response"]["example"]
    expires = EXAMPLE_TIME + timedelta(seconds=given["expires_in"])
    known = {
        "provider": provider.name,
        "token": given["token"],
        "expires_in": given["expires_in"],
        "expires_at": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "single_use": provider.data["response"].get("single_use", True),
    }
    return known | given


def written(value, indent):
    """A value as YAML."""
    return "\n".join(" " * indent + line for line in lines(value, WIDTH - indent))


def lines(value, width):
    if isinstance(value, dict):
        return [line for key, item in value.items() for line in entry(f"{scalar(key)}:", item, width)]
    return [line for item in value for line in entry("-", item, width)]


def entry(head, value, width):
    """A member of an object, or an item of a list: on one line, if it is simple."""
    if head == "description:":
        return folded(head, value, width)
    line = f"{head} {flow(value)}"
    if not isinstance(value, dict | list) or not value or (is_simple(value, head) and len(line) <= width):
        return [line]
    inner = lines(value, width - 2)
    if head == "-":
        return [f"- {inner[0]}", *(f"  {line}" for line in inner[1:])]
    return [head, *(f"  {line}" for line in inner)]


def is_simple(value, head):
    if isinstance(value, list):
        return not any(isinstance(item, dict | list) for item in value)
    (item, *more) = value.values()
    return head != "-" and not more and not isinstance(item, dict) and (not isinstance(item, list) or is_simple(item, head))


def folded(head, text, width):
    line = f"{head} {scalar(text)}"
    if len(line) <= width:
        return [line]
    return [f"{head} >-", *(f"  {part}" for part in textwrap.wrap(text, width - 2, break_on_hyphens=False, break_long_words=False))]


def flow(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items()) + " }" if value else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(flow, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, str) and re.search(r"[,{}\[\]]", value) else scalar(value)
