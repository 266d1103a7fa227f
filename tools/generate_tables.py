"""The tables of the documentation that follow from functions/*/provider.toml."""

import json

from providers import Invalid


def providers_table(providers):
    """For README.md: one row per provider."""
    rows = []
    for provider in providers:
        names = [code(field["name"]) for field in provider.fields if "alias_of" not in field]
        title = f"[{provider.title}](functions/{provider.name}/README.md)"
        rows.append([title, code(f"/{provider.name}/token"), ", ".join(names), provider.data["token"]])
    return table(["provider", "endpoint", "fields", "a token"], rows)


def fields_table(provider):
    """For a provider's own page."""
    rows = []
    for field in provider.fields:
        if "alias_of" in field:
            continue
        aliases = [other["name"] for other in provider.fields if other.get("alias_of") == field["name"]]
        name = " or ".join(map(code, [field["name"], *aliases]))
        rows.append([name, permitted(provider, field), field.get("absent", "none")])
    return table(["field", "permitted", "when absent"], rows)


def permitted(provider, field):
    if "permitted" in field:
        return field["permitted"]
    within = f", within `{field['setting']}`" if "setting" in field else ""
    match field["type"]:
        case "switches":
            switches = ", ".join(f'"{name}": true' for name in field["values"])
            return f"`{{{switches}}}`{within}; in a query `{field['name']}={','.join(field['values'][:2])}`"
        case "choice":
            return ", ".join(map(code, field["values"])) + within
        case "integer":
            unit = f" {field['unit']}" if "unit" in field else ""
            return f"{field['min']} to {field['max']}{unit}{within.replace('within', 'at most')}"
        case "constant":
            return f"{field['value']}, as the provider fixes it"
    if "max_length" not in field:
        raise Invalid(f"{provider.file}, field {field['name']}: permitted is missing")
    return f"at most {field['max_length']} characters"


def own_settings_table(provider):
    """For a provider's own page."""
    rows = [[code(of.variable), code(of.parameter), meaning(provider, of), without(of)] for of in provider.settings]
    content = f"{' and '.join(map(code, provider.secret_fields))}, a JSON object" if provider.secret_fields else "the API key"
    secret = [code("API_KEY_SECRET_ID"), code(f"{provider.prefix}SecretId"), f"name or ARN of the secret with {content}", "required"]
    return table(["variable", "parameter of the template", "meaning", "default"], [secret, *rows])


def settings_table(providers, order):
    """For docs/settings.md: one row per setting, or several where providers differ."""
    found = {}
    for provider in providers:
        for setting in provider.settings:
            found.setdefault((setting.variable, meaning(provider, setting), without(setting)), []).append(provider.name)
    rows = [
        [code(variable), "all" if len(names) == len(providers) else ", ".join(names), what, default]
        for (variable, what, default), names in found.items()
    ]
    rank = {code(name): place for place, name in enumerate(order)}
    rows.sort(key=lambda row: (rank.get(row[0], len(rank)), row[0]))
    return table(["variable", "providers", "meaning", "default"], rows)


def smoke_table(providers):
    """For docs/deploy-from-github.md: what `make smoke` requests of each provider."""
    rows = []
    for provider in providers:
        request = provider.data["smoke"]["request"]
        grants = ", ".join(map(code, provider.smoke_grants(request)))
        if any(field["name"] == "profile" for field in provider.fields):
            grants += ", or the profile in `SMOKE_ASKS`"
        rows.append([provider.name, code(json.dumps(request)), grants])
    return table(["provider", "request", "what `GRANTS_CLAIM` must list"], rows)


def meaning(provider, setting):
    data = setting.data
    if "meaning" in data:
        return provider.fill_in(data["meaning"])
    if data["type"] != "choices":
        raise Invalid(f"{provider.file}, setting {setting.variable}: meaning is missing")
    return f"any of {', '.join(map(code, data['values']))}"


def without(setting):
    """What applies where a setting is not set."""
    data = setting.data
    if data["type"] == "choices":
        default = data.get("default", data["values"])
        return "all" if default == data["values"] else code(",".join(default))
    if data["type"] == "option":
        return code(data.get("default", data["values"][0]))
    return data.get("without", "required" if data.get("required") else "none")


def code(text):
    return f"`{text}`"


def table(heads, rows):
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n" + "".join("| " + " | ".join(line) + " |\n" for line in lines) + "\n"
