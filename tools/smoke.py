"""Mints a token at each endpoint of a deployment, with a test session: `make smoke ENV=staging`.

    smoke.py --config-env staging           the endpoints in the outputs of the environment's stack
    smoke.py --stack-name voicemint-eu      the endpoints in the outputs of a stack
    smoke.py https://…/cartesia/token …     these endpoints

First, the alias `live` of each function of the stack must be what was deployed, and each endpoint must refuse a caller without a session. The test session is short-lived and
comes from the environment:

    SMOKE_TOKEN_URL       the URL that issues a session
    SMOKE_TOKEN_REQUEST   the body to post there, a form or JSON: OAuth client credentials, or a
                          test user's password or refresh token
    SMOKE_TOKEN_MEMBER    the member of the response that is the session (default: access_token)
    SMOKE_SESSION         the session itself, without a URL

Without either, and if the stack has a SmokeSecretId (SessionKind=secret), this script signs each
session. It is valid for a minute, comes from an issuer that is used only for smoke tests, is signed
with a secret that no user's session is signed with, and has only the grant that is requested.
SMOKE_CLAIMS, a JSON object, adds claims. The script never reads the secret that signs users'
sessions, and never takes one from the environment.

If only a browser can get sessions, SMOKE_STRANGERS_ONLY=true skips minting.

SMOKE_ASKS replaces the token requests for deployments that allow less: {"elevenlabs":
{"token_type": "batch_scribe"}}. Sessions and tokens are never printed.
"""

import base64
import hmac
import itertools
import json
import os
import sys
import time
import urllib.error
import urllib.request

from providers import providers
from target import Failed, parser, target

# Each provider's smallest token, as provider.toml describes it.
KNOWN = {provider.name: provider for provider in providers()}
# The issuer that template.yaml adds. It issues no users' sessions.
ISSUER = "voicemint-smoke"
SUBJECT = "smoke"
MEMBERS = {"provider", "token", "expires_in", "expires_at", "single_use", "base_url"}
# A busy provider or a new gateway is no reason to roll back.
TRIES = 4
# Neither is a flood of requests, which callers without a session can cause. Then the gateway or
# Lambda refuses the request, and the response has no code, because the function does not see it.
TRIES_AT_GATEWAY = 30
PAUSE = 2


# A new domain needs minutes until its name resolves and the gateway knows it.
TRIES_AT_NEW_DOMAIN = 60
MAX_WAIT = 120
# What a version has of its own. Each attempt to deploy has another RELEASE, and publishes nothing
# for it alone.
PUBLISHED = (
    "CodeSha256", "Environment", "Timeout", "MemorySize", "Runtime", "Handler", "Architectures", "Role", "LoggingConfig", "TracingConfig",
    "VpcConfig", "Layers", "EphemeralStorage",
)  # fmt: skip


class Unreachable(Failed):
    """No response arrived."""


def main(arguments):
    made = parser(__doc__)
    made.add_argument("urls", nargs="*", metavar="URL")
    given = made.parse_args(arguments)
    try:
        where = target(given)
        stack = describe(where) if where else {}
        urls = given.urls + endpoints(stack)
        if not urls:
            raise Failed("no endpoint to test: name an environment, a stack or URLs")
        if where:
            check_live(where)
        # First of all: an endpoint that accepts callers without a session must not receive one.
        for url in urls:
            check_requires_session(url)
        if os.environ.get("SMOKE_STRANGERS_ONLY") == "true":
            print("SMOKE_STRANGERS_ONLY is set: minting was skipped")
            return None
        session_for = sessions(os.environ, where, parameters(stack))
        for url in urls:
            check_mints(url, session_for, os.environ)
    except Failed as failed:
        return f"smoke: {failed}"


def call_aws(where, service, what, call):
    # Imported here: without a stack, the standard library is enough.
    from aws import errors

    try:
        return call(where.client(service))
    except errors() as error:
        raise Failed(f"cannot read {what}: {error}") from None


def describe(where):
    return call_aws(where, "cloudformation", f"the outputs of {where.stack}", lambda aws: aws.describe_stacks(StackName=where.stack)["Stacks"][0])


def check_live(where):
    """The alias of each function is what was deployed: CloudFormation publishes no version for some
    changes, and says nothing.
    """
    for alias in aliases(where):
        function, _, name = alias.rpartition(":")
        deployed, live = (
            call_aws(where, "lambda", function, lambda aws, which=which: aws.get_function_configuration(FunctionName=function, **which))
            for which in ({}, {"Qualifier": name})
        )
        if different := [of for of in PUBLISHED if published(deployed, of) != published(live, of)]:
            raise Failed(
                f"{alias} has another {', '.join(different)} than what was deployed: version {live.get('Version')} is older; "
                "deploy again with GradualDeployment=AllAtOnce"
            )
        print(f"{alias} is version {live.get('Version')}, as deployed")


def aliases(where):
    def listed(aws):
        pages = aws.get_paginator("list_stack_resources").paginate(StackName=where.stack)
        return [of for page in pages for of in page["StackResourceSummaries"]]

    found = call_aws(where, "cloudformation", f"the resources of {where.stack}", listed)
    return [of["PhysicalResourceId"] for of in found if of["ResourceType"] == "AWS::Lambda::Alias"]


def published(configuration, name):
    value = configuration.get(name)
    if name == "Environment" and value:
        return {key: of for key, of in value.get("Variables", {}).items() if key != "RELEASE"}
    return value or None


def endpoints(stack):
    return [of["OutputValue"] for of in stack.get("Outputs", []) if of["OutputValue"].endswith("/token")]


def parameters(stack):
    return {of["ParameterKey"]: of["ParameterValue"] for of in stack.get("Parameters", [])}


def check_requires_session(url):
    status, headers, body = call(url, {})
    code = body.get("code")
    if (status, code) != (401, "session_missing"):
        raise Failed(f"{url} returns {status} {code or ''} to a caller without a session instead of 401 session_missing")
    print(f"{url} refuses callers without a session")


def check_mints(url, session_for, environment):
    provider = url.rstrip("/").split("/")[-2]
    known = KNOWN.get(provider)
    request = (known.data["smoke"]["request"] if known else {}) | json.loads(environment.get("SMOKE_ASKS") or "{}").get(provider, {})
    credential = session_for(known.smoke_grants(request) if known else [])
    headers = {"authorization": f"Bearer {credential}", "content-type": "application/json"}
    status, headers, body = call(url, headers, request)
    if status != 200:
        raise Failed(f"{url} returns {status}: {body.get('code')}, {body.get('detail')} (request {body.get('request_id')})")
    if not MEMBERS <= body.keys() or not body["token"] or body["provider"] != provider:
        raise Failed(f"{url} returns 200 with {', '.join(sorted(body)) or 'nothing'}, which is not a token of {provider}")
    if headers.get("cache-control") != "no-store":
        raise Failed(f"{url} returns a response that caches may store: a proxy or CDN in between changes headers")
    print(f"{url} mints ({headers.get('server-timing')})")


def sessions(environment, where, stack):
    """A function from grants to a session. A session that is signed here has only these grants."""
    credential = session(environment)
    if credential is None and not stack.get("SmokeSecretId"):
        raise Failed("there is no test session: set SMOKE_TOKEN_URL, SMOKE_SESSION, or SmokeSecretId of the stack")
    if credential is not None:
        return lambda _: credential
    secret = shared_secret(where, stack["SmokeSecretId"])
    return lambda grants: signed(secret, claims(environment, stack, grants), algorithm(stack))


def session(environment):
    if url := environment.get("SMOKE_TOKEN_URL"):
        member = environment.get("SMOKE_TOKEN_MEMBER") or "access_token"
        request = environment.get("SMOKE_TOKEN_REQUEST", "").strip()
        form = "application/json" if request.startswith("{") else "application/x-www-form-urlencoded"
        status, _, body = send(url, {"content-type": form}, request.encode())
        if not isinstance(body.get(member), str):
            # The message leaves out the body, which may contain another credential.
            raise Failed(f"SMOKE_TOKEN_URL returns {status} without {member}: {body.get('error', 'no error code')}")
        return body[member]
    return environment.get("SMOKE_SESSION") or None


def shared_secret(where, name):
    text = call_aws(where, "secretsmanager", name, lambda aws: aws.get_secret_value(SecretId=name).get("SecretString", ""))
    try:
        members = json.loads(text)
    except ValueError:
        return text
    # The functions accept the same: a JSON object with one member, or text.
    return next(iter(members.values())) if isinstance(members, dict) and len(members) == 1 else text


def claims(environment, stack, grants):
    now = int(time.time())
    made = {}
    put(made, stack.get("SessionSubjectPointer") or "/sub", SUBJECT)
    audience = stack.get("SessionAudience", "").split(",")[0].strip()
    made["aud"] = ISSUER if audience in ("", "*") else audience
    for required in filter(None, stack.get("SessionRequiredClaims", "").split(",")):
        put(made, *required.strip().split("=", 1))
    if name := stack.get("GrantsClaim"):
        put(made, name, grants)
    # SMOKE_CLAIMS cannot override the last three: they keep the session apart from users' sessions,
    # and short.
    return made | json.loads(environment.get("SMOKE_CLAIMS") or "{}") | {"iss": ISSUER, "iat": now, "exp": now + 60}


def put(claims, name, value):
    """Sets a claim by its name, or by a JSON pointer (RFC 6901) if the name begins with a slash."""
    *path, last = name[1:].split("/") if name.startswith("/") else [name]
    for part in path:
        claims = claims.setdefault(unescape(part), {})
    claims[unescape(last) if name.startswith("/") else last] = value


def unescape(part):
    return part.replace("~1", "/").replace("~0", "~")


def algorithm(stack):
    return stack.get("SessionAlgorithms", "").split(",")[0].strip() or "HS256"


def signed(secret, claims, algorithm):
    parts = ".".join(base64url(json.dumps(part).encode()) for part in ({"alg": algorithm, "typ": "JWT"}, claims))
    return f"{parts}.{base64url(hmac.digest(secret.encode(), parts.encode(), f'sha{algorithm[2:]}'))}"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def call(url, headers, token_request=None):
    """Calls an endpoint, and calls it again while it is unavailable or not known yet."""
    body = b"" if token_request is None else json.dumps(token_request).encode()
    end = time.monotonic() + MAX_WAIT
    for attempt in itertools.count(1):
        try:
            status, response_headers, members = send(url, headers, body)
        except Unreachable:
            if attempt >= TRIES_AT_NEW_DOMAIN or time.monotonic() > end:
                raise
        else:
            tries = tries_after(status, "code" in members)
            if attempt >= tries or time.monotonic() > end:
                return status, response_headers, members
        time.sleep(PAUSE)


def tries_after(status, is_from_function):
    """How often to call in total after a response with this status."""
    if status in (429, 502, 503, 504):
        return TRIES if is_from_function else TRIES_AT_GATEWAY
    # The function answers each method and path with a code.
    return TRIES_AT_NEW_DOMAIN if status in (403, 404) and not is_from_function else 1


def send(url, headers, body):
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=15) as response:
            status, headers, text = response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        status, headers, text = error.code, error.headers, error.read()
    except OSError as error:
        raise Unreachable(f"cannot connect to {url}: {error}") from None
    try:
        members = json.loads(text)
    except ValueError:
        members = {}
    return status, headers, members if isinstance(members, dict) else {}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
