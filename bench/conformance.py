"""Checks that all functions do the same work before they are measured.

A function that skipped a check would be faster, and the comparison would be worthless.
"""

import time

from emulator import Emulator


def check(function, env):
    """Ends the run if a function does not do all of the work."""
    with Emulator(function, env) as emulator:
        if emulator.pids:
            raise SystemExit("The emulator starts functions before the first event, so cold starts cannot be measured.")
        for name, content, status, code in cases(function.provider, env) if function.mints else []:
            response = emulator.call(content)
            if (response.status, response.json.get("code")) != (status, code):
                raise SystemExit(f"{function.name}, {name}: {response.status} {response.json}; expected {status} {code}")
        invoked = minted(emulator, function, env)
        if function.mints:
            logged(emulator, invoked + len(cases(function.provider, env)))
    if function.mints:
        distrustful(function, env)


def cases(provider, env):
    """The requests, each with the expected status and problem code."""
    session = env.session("ada")
    head, claims, signature = session.split(".")
    others = ".".join(env.session("eve").split(".")[1:2])
    now = int(time.time())

    def request(credential=session, **more):
        return env.event(provider, credential, **more)

    return [
        ("no session", request(None), 401, "session_missing"),
        ("another user's claims", request(f"{head}.{others}.{signature}"), 401, "session_invalid"),
        ("no signature", request(f"{head}.{claims}."), 401, "session_invalid"),
        ("another audience", request(env.session("ada", aud="another")), 401, "session_invalid"),
        ("another issuer", request(env.session("ada", iss="https://issuer.example.com")), 401, "session_invalid"),
        ("an old session", request(env.session("ada", exp=now - 600)), 401, "session_expired"),
        ("a foreign page", request(headers={"origin": "https://evil.example.com"}), 403, "origin_not_allowed"),
        ("a navigation", request(headers={"sec-fetch-mode": "navigate"}), 403, "origin_not_allowed"),
        ("an unknown field", request(body='{"color":"red"}'), 422, "request_invalid"),
        ("a lifetime out of range", request(body='{"expires_in":0}'), 422, "request_invalid"),
        ("no JSON", request(body="{"), 400, "request_malformed"),
        ("a long body", request(body=" " * 5000), 413, "request_too_large"),
        ("another media type", request(headers={"content-type": "text/plain"}), 415, "media_type_not_supported"),
        ("another method", request(method="PUT"), 405, "method_not_allowed"),
        ("a preflight", request(None, method="OPTIONS"), 204, None),
        ("signing out", request(None, method="DELETE"), 204, None),
    ]


def minted(emulator, function, env):
    """Checks minting and resuming. Returns the number of events that were sent."""
    invoked = 0

    def expect(what, source, mints, user="ada", algorithm="RS256", cookie=None):
        nonlocal invoked
        invoked += 1
        before = env.mints()
        response = emulator.call(env.event(function.provider, env.session(user, algorithm), cookie))
        found = (response.status, response.source, env.mints() - before)
        # A provider that is not called does not know of mints.
        mints = mints if env.providers[function.provider]["calls"] else 0
        if found != ((200, source, mints) if function.mints else (200, None, 0)):
            raise SystemExit(f"{function.name}, {what}: {found} {response.json}")
        return response

    for algorithm in ("RS256", "ES256"):
        first = expect(f"a mint with {algorithm}", "minted", 1, algorithm=algorithm)
    again = expect("another mint", "minted", 1)
    # Tokens that a function signs by itself are equal if they are signed in the same second.
    calls = function.mints and env.providers[function.provider]["calls"]
    if calls and again.json["token"] == first.json["token"]:
        raise SystemExit(f"{function.name} returns the same token twice")
    expect("another user's cookie", "minted", 1, "eve", cookie=first.cookie)
    if function.resumes:
        resumed = expect("a cookie", "resumed", 0, cookie=first.cookie)
        if resumed.json["token"] != first.json["token"] or first.json["token"] in first.cookie:
            raise SystemExit(f"{function.name} does not encrypt its token, or resumes a different one")
    return invoked


def logged(emulator, invoked):
    if len(emulator.request_log()) != invoked:
        raise SystemExit(f"{emulator.function.name} does not log one line per request:\n{emulator.log()}")


def distrustful(function, env):
    """Checks that the function uses TLS, and that it does not accept an unknown authority."""
    for trust, expected in ({}, 503), (function.trust, 200):
        with Emulator(function, env, env.over_tls(function.provider) | trust) as emulator:
            response = emulator.call(env.event(function.provider, env.session("ada")))
        if response.status != expected:
            raise SystemExit(f"{function.name} over TLS, trusting {trust}: {response.status} {response.json}; expected {expected}")
