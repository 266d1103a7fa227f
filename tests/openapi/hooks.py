"""Settings of schemathesis that openapi.yaml cannot express."""

import os
import re
import sys
import urllib.request
from pathlib import Path

import schemathesis

sys.path.append(str(Path(__file__).parents[2] / "tools"))
from providers import providers  # noqa: E402

ALIASES = [{field["alias_of"], field["name"]} for provider in providers() for field in provider.fields if "alias_of" in field]

PROFILE_NAME = "[a-z0-9][a-z0-9_-]{0,63}"


@schemathesis.auth()
class SignedIn:
    """Sends a session of the local command's identity provider as a bearer token."""

    def get(self, case, context):
        request = urllib.request.Request(f"{os.environ['VOICEMINT_URL']}/sign-in", data=b"user=ada")
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.headers["set-cookie"].partition("=")[2].partition(";")[0]

    def set(self, case, session, context):
        case.headers["Authorization"] = f"Bearer {session}"


# OpenAPI can express that an object has only one of two members, but not that a query has only one
# of two parameters.
def sends_both_names(case):
    return any(both <= set(case.query or {}) for both in ALIASES)


@schemathesis.hook
def filter_case(context, case):
    return not sends_both_names(case)


# The document knows the form of a profile's name, and the deployment which names exist.
@schemathesis.hook
def before_call(context, case, kwargs):
    for fields in (case.body, case.query):
        name = fields.get("profile") if isinstance(fields, dict) else None
        if isinstance(name, str) and re.fullmatch(PROFILE_NAME, name):
            fields["profile"] = "default"


@schemathesis.hook
def before_add_examples(context, examples):
    examples[:] = [case for case in examples if not sends_both_names(case)]
