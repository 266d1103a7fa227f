"""Settings of schemathesis that openapi.yaml cannot express."""

import os
import re
import sys
import urllib.request
from pathlib import Path

import schemathesis

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[2] / "tools")]
from document import documented_response, wrong_values  # noqa: E402
from providers import providers  # noqa: E402

# A name that could be a profile's. The local command has the profile "default" of each provider.
PROFILE = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
ALIASES = [{field["alias_of"], field["name"]} for provider in providers() for field in provider.fields if "alias_of" in field]

# The example profiles that use a field, which others refuse.
USED_BY = {field: name for provider in providers() for name, used in provider.profile_requests.items() for field in used}


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


# OpenAPI cannot express that a number is at most another: no session ends before it can start.
def ends_too_early(case):
    for fields in (case.query, case.body):
        if isinstance(fields, dict):
            start, end = fields.get("expires_in"), fields.get("max_session_duration_seconds")
            try:
                if end is not None and float(start if start is not None else 60) > float(end):
                    return True
            except (TypeError, ValueError):
                pass
    return False


# Nor that a name is one of the deployment's profiles. Generated cases get a known name; those that
# schemathesis derives from the schema's limits cannot be changed.
def known_profile(fields):
    """The name of an example profile that fits the fields; None if the profile is not one by the schema."""
    name = fields.get("profile", "default")
    if not isinstance(name, str) or not PROFILE.fullmatch(name):
        return None
    return next((USED_BY[field] for field in fields if field in USED_BY), "default")


def names_unknown_profile(fields):
    if not isinstance(fields, dict) or not ({"profile"} | USED_BY.keys()) & fields.keys():
        return False
    return known_profile(fields) not in (None, fields.get("profile", "default"))


def with_known_profile(fields):
    return fields | {"profile": known_profile(fields)} if names_unknown_profile(fields) else fields


# Nor that a parameter must equal a field: the profile in the query of LiveKit's POST if the body has
# one, or gets one here.
def names_profile_twice(case):
    in_body = isinstance(case.body, dict) and ({"profile"} | USED_BY.keys()) & case.body.keys()
    return bool(in_body) and "profile" in (case.query or {})


def is_testable(case):
    if names_profile_twice(case):
        return False
    unknown = names_unknown_profile(case.query) or names_unknown_profile(case.body)
    return not (unknown or sends_both_names(case) or ends_too_early(case))


@schemathesis.check
def documented_values(context, response, case):
    """Constants and codes, which the document has in words and examples only."""
    provider = case.path.split("/")[1]
    if str(response.status_code) in case.operation.definition.raw["responses"] and response.content:
        documented = documented_response(provider, case.method, response.status_code)
        assert not (found := wrong_values(documented, provider, response.json())), found


@schemathesis.hook
def map_query(context, query):
    return with_known_profile(query)


@schemathesis.hook
def map_body(context, body):
    return with_known_profile(body)


@schemathesis.hook
def filter_case(context, case):
    return is_testable(case)


# The document knows the form of a profile's name, and the deployment which names exist.
@schemathesis.hook
def before_call(context, case, kwargs):
    for fields in (case.body, case.query):
        if names_unknown_profile(fields):
            fields["profile"] = known_profile(fields)


@schemathesis.hook
def before_add_examples(context, examples):
    examples[:] = [case for case in examples if is_testable(case)]
