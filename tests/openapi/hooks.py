"""What schemathesis has to know of Voicemint beside openapi.yaml."""

import os
import urllib.request

import schemathesis


@schemathesis.auth()
class SignedIn:
    """The session of the local command's own identity provider, as Bearer."""

    def get(self, case, context):
        request = urllib.request.Request(f"{os.environ['VOICEMINT_URL']}/sign-in", data=b"user=ada")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.headers["set-cookie"].partition("=")[2].partition(";")[0]

    def set(self, case, session, context):
        case.headers["Authorization"] = f"Bearer {session}"


# An OpenAPI document can say of the members of an object that only one of two may be there, and does; it cannot say so of
# parameters.
def sends_both_names(case):
    return {"expires_in_seconds", "expires_in"} <= set(case.query or {})


@schemathesis.hook
def filter_case(context, case):
    return not sends_both_names(case)


@schemathesis.hook
def before_add_examples(context, examples):
    examples[:] = [case for case in examples if not sends_both_names(case)]
