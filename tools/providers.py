"""The providers, as functions/*/provider.toml describes them.

    providers.py        one line per provider: its name, and the prefix of its CloudFormation resources
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# What a provider.toml may contain, and must (!).
KEYS = {
    "title!", "prefix!", "docs!", "token!", "secret", "secret_fields", "settings!", "fields", "request!", "response!", "smoke!", "tests",
}
KEYS_OF = {
    "setting": {
        "type!", "description!", "meaning", "without", "required", "values", "default", "min", "max", "pattern", "constraint", "empty",
    },
    "field": {
        "name!", "type", "alias_of", "values", "value", "min", "max", "unit", "pattern", "max_length", "nullable", "required", "setting",
        "in_query_of_post", "permitted", "absent", "description", "example",
    },
    "request": {"description", "example"},
    "response": {"description", "single_use", "sockets", "optional", "properties", "example!"},
    "smoke": {"request!", "grants!"},
    "tests": {"request", "profiles"},
}
TYPES = {
    "setting": {"url", "secret", "number", "optional number", "choices", "option", "text"},
    "field": {"switches", "choice", "integer", "constant", "text"},
}


class Invalid(Exception):
    """What is wrong with a provider.toml, in a sentence."""


@dataclass(frozen=True)
class Setting:
    variable: str
    parameter: str
    data: dict


class Provider:
    def __init__(self, folder, shared):
        self.folder = folder
        self.name = folder.name
        self.file = f"functions/{self.name}/provider.toml"
        try:
            self.data = tomllib.loads((folder / "provider.toml").read_text())
        except tomllib.TOMLDecodeError as error:
            raise Invalid(f"{self.file}: {error}") from None
        self.check(self.data, KEYS, "")
        for kind in ("request", "response", "smoke", "tests"):
            self.check(self.data.get(kind, {}), KEYS_OF[kind], kind)
        self.title, self.prefix = self.data["title"], self.data["prefix"]
        if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", self.prefix):
            raise Invalid(f"{self.file}: prefix must be CamelCase, as CloudFormation's names are")
        # The members of a secret that is a JSON object and not only the API key.
        self.secret_fields = self.data.get("secret_fields", [])
        self.settings = [self.setting(variable, own, shared) for variable, own in self.data["settings"].items()]
        self.fields = self.data.get("fields", [])
        for field in self.fields:
            self.check(field, KEYS_OF["field"], f"field {field.get('name')}")
            if "alias_of" not in field:
                self.check(field, KEYS_OF["field"] | {"type!", "description!"}, f"field {field['name']}")
                self.check_type("field", field, f"field {field['name']}")
        response = self.data["response"]
        if unknown := set(response.get("optional", ())) - response["example"].keys():
            raise Invalid(f"{self.file}, response: optional has {', '.join(sorted(unknown))}, which the example lacks")
        self.sockets = response.get("sockets", list(response["example"].get("connect", {})))
        self.smallest_request = self.data.get("tests", {}).get("request", {})
        self.profile_requests = self.data.get("tests", {}).get("profiles", {})

    def setting(self, variable, own, shared):
        data = shared.get(variable, {}) | own
        self.check(data, KEYS_OF["setting"], f"setting {variable}")
        self.check_type("setting", data, f"setting {variable}")
        return Setting(variable, self.prefix + camel(variable.removeprefix("PROVIDER_").lower()), data)

    def check(self, data, keys, where):
        where = f"{self.file}, {where}" if where else self.file
        missing = {key.removesuffix("!") for key in keys if key.endswith("!")} - data.keys()
        unknown = data.keys() - {key.removesuffix("!") for key in keys}
        if missing:
            raise Invalid(f"{where}: {', '.join(sorted(missing))} is missing")
        if unknown:
            raise Invalid(f"{where}: {', '.join(sorted(unknown))} is not known")

    def check_type(self, kind, data, where):
        if data.get("type") not in TYPES[kind]:
            raise Invalid(f"{self.file}, {where}: type must be one of {', '.join(sorted(TYPES[kind]))}")

    def field(self, name):
        """A field as it is or, if it is an alias, as what it stands for."""
        field = next(field for field in self.fields if field["name"] == name)
        return self.field(field["alias_of"]) if "alias_of" in field else field

    def fill_in(self, text):
        return fill_in(text, self.name, self.title, self.prefix)

    def smoke_grants(self, request):
        """The grants that a session needs for a request of `make smoke`, as GRANTS_CLAIM lists them."""
        if "profile" in request:
            return [request["profile"]]
        needed = self.data["smoke"]["grants"]
        value = request.get(needed, []) if isinstance(needed, str) else needed
        if isinstance(value, dict):
            return [name for name, granted in value.items() if granted]
        return [value] if isinstance(value, str) else value


def fill_in(text, name, title, prefix):
    """A text for a provider that was written for acme: title Acme Voice, prefix Acme."""
    snake = name.replace("-", "_")
    article = "an" if title[0] in "AEIOU" else "a"
    meant = {"an Acme Voice": f"{article} {title}", "Acme Voice": title, "Acme": prefix, "ACME": snake.upper(), "acme": name}
    return re.sub(r"_acme|acme_|an Acme Voice|Acme Voice|Acme|ACME|acme", lambda hit: meant.get(hit[0]) or hit[0].replace("acme", snake), text)


def camel(name):
    return "".join(part.capitalize() for part in re.split("[_-]", name))


def shared_settings(root=ROOT):
    return tomllib.loads((root / "deploy/settings.toml").read_text())


def providers(root=ROOT):
    """All of them, sorted by name."""
    shared = shared_settings(root)
    return [Provider(path.parent, shared) for path in sorted(root.glob("functions/*/provider.toml"))]


if __name__ == "__main__":
    for provider in providers():
        print(provider.name, provider.prefix)
