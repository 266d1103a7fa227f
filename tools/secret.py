"""Stores a provider's API key in Secrets Manager: `make secret PROVIDER=cartesia ENV=staging`.

    secret.py --config-env ENV PROVIDER     asks for the key, or reads it from a pipe

For LiveKit it asks for two values, and makes the JSON object of them that the function expects. A
pipe must have that object.

The secret's name is voicemint/ENV/PROVIDER. If it exists, the key becomes its current value, and
functions load it without a deployment. The key is neither shown nor in a process's arguments.
"""

import getpass
import json
import sys

from aws import errors
from providers import providers
from target import Failed, Target, parser, settings


def main(arguments):
    made = parser(__doc__)
    made.add_argument("provider")
    given = made.parse_args(arguments)
    try:
        if not given.config_env:
            raise Failed("name an environment with --config-env")
        known = settings(given.config_env)
        where = Target("", given.region or known.get("region"), given.profile or known.get("profile"))
        found = {of.name: of for of in providers()}
        if given.provider not in found:
            raise Failed(f"there is no provider {given.provider}: {', '.join(found)}")
        provider, name = found[given.provider], f"voicemint/{given.config_env}/{given.provider}"
        key = ask_for_object(provider) if provider.secret_fields else read(f"The API key of {provider.title}, which is not shown: ")
        if not key:
            raise Failed("there is no key")
        print(f"{name} {store(where.client('secretsmanager'), name, key)}: deploy with {provider.prefix}SecretId={name}")
    except (Failed, *errors()) as error:
        return f"secret: {error}"


def read(question):
    return (getpass.getpass(question) if sys.stdin.isatty() else sys.stdin.read()).strip()


def ask_for_object(provider):
    """The members of a secret that has several, as JSON."""
    fields = provider.secret_fields
    if sys.stdin.isatty():
        members = {name: read(f"{name} of {provider.title}, which is not shown: ") for name in fields}
        for name, value in members.items():
            if not value or value.startswith("{"):
                raise Failed(f"there is no {name}: enter the value alone")
        return json.dumps(members)
    text = read("")
    try:
        members = json.loads(text)
        if all(members[name].strip() for name in fields):
            return text
    except (ValueError, TypeError, KeyError, AttributeError):
        pass
    raise Failed(f"the secret of {provider.title} must be a JSON object with {' and '.join(fields)}")


def store(client, name, key):
    try:
        client.create_secret(Name=name, SecretString=key)
    except client.exceptions.ResourceExistsException:
        client.put_secret_value(SecretId=name, SecretString=key)
        return "has a new value"
    return "is created"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
