"""Mints a token at each endpoint of a deployment, with a test session: `make smoke ENV=staging`.

    smoke.py --stack voicemint-staging      the endpoints that a stack's outputs name
    smoke.py https://…/cartesia/token …     those endpoints

First each endpoint must refuse a caller without a session. The session is a short-lived one, and comes from the environment:

    SMOKE_TOKEN_URL, SMOKE_TOKEN_REQUEST    where a session is to be had, and the body that asks for one, a form or JSON: OAuth's
                                            client credentials, a test user's password or refresh token. The answer's
                                            `access_token` is it, or the member that SMOKE_TOKEN_MEMBER names
    SMOKE_SIGNING_SECRET, SMOKE_CLAIMS      for SESSION_KIND=secret: signs one for a minute with these claims, as JSON
    SMOKE_SESSION                           the session itself

Where only a browser gets sessions, SMOKE_STRANGERS_ONLY=true says that minting is not tried.

SMOKE_ASKS is for deployments that allow less: {"elevenlabs": {"token_type": "batch_scribe"}}. Neither sessions nor tokens are
ever printed.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import sys
import time
import urllib.error
import urllib.request

# Tokens that are of no use to anybody soon after.
ASKS = {
    "cartesia": {"expires_in": 1},
    "elevenlabs": {"token_type": "realtime_scribe"},
    "assemblyai": {"expires_in_seconds": 1},
}
MEMBERS = {"provider", "token", "expires_in", "expires_at", "single_use", "base_url"}
# A provider may be busy just now, and a gateway may be new: neither is a reason to roll back.
TRIES = 4
PAUSE = 2


class Failed(Exception):
    """What is wrong, in a sentence."""


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", help="the stack whose outputs name the endpoints")
    parser.add_argument("urls", nargs="*", metavar="URL")
    given = parser.parse_args(arguments)
    try:
        urls = given.urls + (endpoints(given.stack) if given.stack else [])
        if not urls:
            raise Failed("there is no endpoint to try: name a stack or URLs")
        # Before any session is made: what takes strangers must not be sent one.
        for url in urls:
            refuses_strangers(url)
        if os.environ.get("SMOKE_STRANGERS_ONLY") == "true":
            print("SMOKE_STRANGERS_ONLY is set: minting was not tried")
            return None
        credential = session(os.environ)
        for url in urls:
            mints(url, credential, os.environ)
    except Failed as failed:
        return f"smoke: {failed}"


def endpoints(stack):
    # Only a stack needs more than Python.
    from aws import client
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        outputs = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0].get("Outputs", [])
    except (BotoCoreError, ClientError) as error:
        raise Failed(f"the outputs of {stack} cannot be had: {error}") from None
    return [output["OutputValue"] for output in outputs if output["OutputValue"].endswith("/token")]


def refuses_strangers(url):
    status, headers, body = call(url, {})
    code = body.get("code")
    if (status, code) != (401, "session_missing"):
        raise Failed(f"{url} answers {status} {code or ''} to a caller without a session, and not 401 session_missing")
    print(f"{url} refuses strangers")


def mints(url, credential, environment):
    # A second key is at /cartesia-2/token, and the same provider.
    provider = url.rstrip("/").split("/")[-2].removesuffix("-2")
    ask = ASKS.get(provider, {}) | json.loads(environment.get("SMOKE_ASKS") or "{}").get(provider, {})
    headers = {"authorization": f"Bearer {credential}", "content-type": "application/json"}
    status, headers, body = call(url, headers, ask)
    if status != 200:
        raise Failed(f"{url} answers {status}: {body.get('code')}, {body.get('detail')} (request {body.get('request_id')})")
    if not MEMBERS <= body.keys() or not body["token"] or body["provider"] != provider:
        raise Failed(f"{url} answers 200 with {', '.join(sorted(body)) or 'nothing'}, which is no token of {provider}")
    if headers.get("cache-control") != "no-store":
        raise Failed(f"{url} lets its answer be stored: something in between changes headers")
    print(f"{url} mints ({headers.get('server-timing')})")


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
    if secret := environment.get("SMOKE_SIGNING_SECRET"):
        now = int(time.time())
        claims = json.loads(environment.get("SMOKE_CLAIMS") or "{}") | {"iat": now, "exp": now + 60}
        signed = ".".join(base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
        return f"{signed}.{base64url(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))}"
    if credential := environment.get("SMOKE_SESSION"):
        return credential
    raise Failed("there is no test session: set SMOKE_TOKEN_URL, SMOKE_SIGNING_SECRET or SMOKE_SESSION")


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def call(url, headers, ask=None):
    """Asks an endpoint, again while it is not available."""
    body = b"" if ask is None else json.dumps(ask).encode()
    for left in reversed(range(TRIES)):
        answer = send(url, headers, body)
        if answer[0] not in (429, 502, 503, 504) or not left:
            return answer
        time.sleep(PAUSE)


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
