"""Mints a token at each endpoint of a deployment, with a test session: `make smoke ENV=staging`.

    smoke.py --stack voicemint-staging      the endpoints that a stack's outputs name
    smoke.py https://…/cartesia/token …     those endpoints

First each endpoint must refuse a caller without a session. The session is a short-lived one, and comes from the environment:

    SMOKE_TOKEN_URL, SMOKE_TOKEN_REQUEST    where a session is to be had, and the body that asks for one, a form or JSON: OAuth's
                                            client credentials, a test user's password or refresh token. The answer's
                                            `access_token` is it, or the member that SMOKE_TOKEN_MEMBER names
    SMOKE_SESSION                           the session itself

Where there is neither, and the stack has a SmokeSecretId (SessionKind=secret), each session is signed here: for a minute, by an issuer
that is for this alone, with a secret that vouches for no user, and for the one grant that is asked. SMOKE_CLAIMS, a JSON object, has
further claims. What signs the sessions of users is never read, nor taken from the environment.

Where only a browser gets sessions, SMOKE_STRANGERS_ONLY=true says that minting is not tried.

SMOKE_ASKS is for deployments that allow less: {"elevenlabs": {"token_type": "batch_scribe"}}. Neither sessions nor tokens are
ever printed.
"""

import argparse
import base64
import hmac
import json
import os
import sys
import time
import urllib.error
import urllib.request

# Tokens with one grant, that are of no use to anybody soon after.
ASKS = {
    "cartesia": {"grants": {"tts": True}, "expires_in": 1},
    "elevenlabs": {"token_type": "realtime_scribe"},
    "assemblyai": {"expires_in_seconds": 1},
}
# What such an ask needs of the session, in the words of GRANTS_CLAIM.
GRANTS = {
    "cartesia": lambda ask: [name for name, granted in ask["grants"].items() if granted],
    "elevenlabs": lambda ask: [ask["token_type"]],
    "assemblyai": lambda ask: ["stt"],
}
# As template.yaml names it: a session of this issuer is never one of a user's.
ISSUER = "voicemint-smoke"
SUBJECT = "smoke"
MEMBERS = {"provider", "token", "expires_in", "expires_at", "single_use", "base_url"}
# A provider may be busy just now, and a gateway may be new: neither is a reason to roll back.
TRIES = 4
# Nor is a flood, which strangers can cause: the gateway, or Lambda behind it, refuses without a word of the function's.
TRIES_AT_GATEWAY = 30
PAUSE = 2


class Failed(Exception):
    """What is wrong, in a sentence."""


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", help="the stack whose outputs name the endpoints")
    parser.add_argument("urls", nargs="*", metavar="URL")
    given = parser.parse_args(arguments)
    try:
        stack = described(given.stack) if given.stack else {}
        urls = given.urls + endpoints(stack)
        if not urls:
            raise Failed("there is no endpoint to try: name a stack or URLs")
        # Before any session is made: what takes strangers must not be sent one.
        for url in urls:
            refuses_strangers(url)
        if os.environ.get("SMOKE_STRANGERS_ONLY") == "true":
            print("SMOKE_STRANGERS_ONLY is set: minting was not tried")
            return None
        session_for = sessions(os.environ, parameters(stack))
        for url in urls:
            mints(url, session_for, os.environ)
    except Failed as failed:
        return f"smoke: {failed}"


def ask_aws(service, what, call):
    # Only a stack needs more than Python.
    from aws import client
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return call(client(service))
    except (BotoCoreError, ClientError) as error:
        raise Failed(f"{what} cannot be had: {error}") from None


def described(stack):
    return ask_aws("cloudformation", f"the outputs of {stack}", lambda aws: aws.describe_stacks(StackName=stack)["Stacks"][0])


def endpoints(stack):
    return [of["OutputValue"] for of in stack.get("Outputs", []) if of["OutputValue"].endswith("/token")]


def parameters(stack):
    return {of["ParameterKey"]: of["ParameterValue"] for of in stack.get("Parameters", [])}


def refuses_strangers(url):
    status, headers, body = call(url, {})
    code = body.get("code")
    if (status, code) != (401, "session_missing"):
        raise Failed(f"{url} answers {status} {code or ''} to a caller without a session, and not 401 session_missing")
    print(f"{url} refuses strangers")


def mints(url, session_for, environment):
    # A second key is at /cartesia-2/token, and the same provider.
    provider = url.rstrip("/").split("/")[-2].removesuffix("-2")
    ask = ASKS.get(provider, {}) | json.loads(environment.get("SMOKE_ASKS") or "{}").get(provider, {})
    credential = session_for(GRANTS[provider](ask) if provider in GRANTS else [])
    headers = {"authorization": f"Bearer {credential}", "content-type": "application/json"}
    status, headers, body = call(url, headers, ask)
    if status != 200:
        raise Failed(f"{url} answers {status}: {body.get('code')}, {body.get('detail')} (request {body.get('request_id')})")
    if not MEMBERS <= body.keys() or not body["token"] or body["provider"] != provider:
        raise Failed(f"{url} answers 200 with {', '.join(sorted(body)) or 'nothing'}, which is no token of {provider}")
    if headers.get("cache-control") != "no-store":
        raise Failed(f"{url} lets its answer be stored: something in between changes headers")
    print(f"{url} mints ({headers.get('server-timing')})")


def sessions(environment, stack):
    """What gives a session that may have some grants, and no others where it is made here."""
    credential = session(environment)
    if credential is None and not stack.get("SmokeSecretId"):
        raise Failed("there is no test session: set SMOKE_TOKEN_URL or SMOKE_SESSION, or the stack's SmokeSecretId")
    if credential is not None:
        return lambda _: credential
    secret = shared_secret(stack["SmokeSecretId"])
    return lambda grants: signed(secret, claims(environment, stack, grants), algorithm(stack))


def session(environment):
    if url := environment.get("SMOKE_TOKEN_URL"):
        member = environment.get("SMOKE_TOKEN_MEMBER") or "access_token"
        request = environment.get("SMOKE_TOKEN_REQUEST", "").strip()
        form = "application/json" if request.startswith("{") else "application/x-www-form-urlencoded"
        status, _, body = send(url, {"content-type": form}, request.encode())
        if not isinstance(body.get(member), str):
            # Not the body: it may hold another credential.
            raise Failed(f"SMOKE_TOKEN_URL answers {status} without {member}: {body.get('error', 'it names no error')}")
        return body[member]
    return environment.get("SMOKE_SESSION") or None


def shared_secret(name):
    text = ask_aws("secretsmanager", name, lambda aws: aws.get_secret_value(SecretId=name).get("SecretString", ""))
    try:
        members = json.loads(text)
    except ValueError:
        return text
    # As the functions read it: a JSON object with one member, or the text.
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
    # What comes last cannot be set: it says that this is no user's session, and soon none at all.
    return made | json.loads(environment.get("SMOKE_CLAIMS") or "{}") | {"iss": ISSUER, "iat": now, "exp": now + 60}


def put(claims, name, value):
    """Sets a claim by its name or, where that begins with a slash, by a JSON pointer (RFC 6901)."""
    *path, last = name[1:].split("/") if name.startswith("/") else [name]
    for part in path:
        claims = claims.setdefault(unescaped(part), {})
    claims[unescaped(last) if name.startswith("/") else last] = value


def unescaped(part):
    return part.replace("~1", "/").replace("~0", "~")


def algorithm(stack):
    return stack.get("SessionAlgorithms", "").split(",")[0].strip() or "HS256"


def signed(secret, claims, algorithm):
    parts = ".".join(base64url(json.dumps(part).encode()) for part in ({"alg": algorithm, "typ": "JWT"}, claims))
    return f"{parts}.{base64url(hmac.digest(secret.encode(), parts.encode(), f'sha{algorithm[2:]}'))}"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def call(url, headers, ask=None):
    """Asks an endpoint, again while it is not available."""
    body = b"" if ask is None else json.dumps(ask).encode()
    for tried in range(1, TRIES_AT_GATEWAY + 1):
        status, answered, members = send(url, headers, body)
        enough = tried >= (TRIES if "code" in members else TRIES_AT_GATEWAY)
        if status not in (429, 502, 503, 504) or enough:
            break
        time.sleep(PAUSE)
    return status, answered, members


def send(url, headers, body):
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            status, headers, text = answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        status, headers, text = error.code, error.headers, error.read()
    except OSError as error:
        raise Failed(f"{url} cannot be reached: {error}") from None
    try:
        members = json.loads(text)
    except ValueError:
        members = {}
    return status, headers, members if isinstance(members, dict) else {}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
