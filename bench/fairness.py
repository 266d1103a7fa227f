"""Whether the contestants do the same job: what none may be measured without.

A peer that skipped a check would be faster for it, and the comparison worth nothing.
"""

import json
import time

from emulator import Emulator
from world import event


def check(contestant, world):
    """Ends the run where a contestant does not do the whole job."""
    with Emulator(contestant, world) as emulator:
        if emulator.pids:
            raise SystemExit("The emulator starts functions before the first event: cold starts cannot be measured so.")
        for name, content, status, code in cases(contestant.provider, world) if contestant.mints else []:
            answer = emulator.answer(content)
            if (answer.status, answer.json.get("code")) != (status, code):
                raise SystemExit(f"{contestant.name}, {name}: {answer.status} {answer.json}, and not {status} {code}")
        invoked = minted(emulator, contestant, world)
        if contestant.mints:
            logged(emulator, invoked + len(cases(contestant.provider, world)))


def cases(provider, world):
    """What is asked, and the status and the problem's code that answer it."""
    session = world.session("ada")
    head, claims, signature = session.split(".")
    others = ".".join(world.session("eve").split(".")[1:2])
    now = int(time.time())

    def ask(credential=session, **more):
        return event(provider, credential, **more)

    return [
        ("no session", ask(None), 401, "session_missing"),
        ("another's claims", ask(f"{head}.{others}.{signature}"), 401, "session_invalid"),
        ("no signature", ask(f"{head}.{claims}."), 401, "session_invalid"),
        ("another audience", ask(world.session("ada", aud="another")), 401, "session_invalid"),
        ("another issuer", ask(world.session("ada", iss="https://issuer.example.com")), 401, "session_invalid"),
        ("an old session", ask(world.session("ada", exp=now - 600)), 401, "session_expired"),
        ("a foreign page", ask(headers={"origin": "https://evil.example.com"}), 403, "origin_not_allowed"),
        ("a navigation", ask(headers={"sec-fetch-mode": "navigate"}), 403, "origin_not_allowed"),
        ("an unknown field", ask(body='{"color":"red"}'), 422, "request_invalid"),
        ("a lifetime out of range", ask(body='{"expires_in":0}'), 422, "request_invalid"),
        ("no JSON", ask(body="{"), 400, "request_malformed"),
        ("a long body", ask(body=" " * 5000), 413, "request_too_large"),
        ("another media type", ask(headers={"content-type": "text/plain"}), 415, "media_type_not_supported"),
        ("another method", ask(method="PUT"), 405, "method_not_allowed"),
        ("a preflight", ask(None, method="OPTIONS"), 204, None),
        ("signing out", ask(None, method="DELETE"), 204, None),
    ]


def minted(emulator, contestant, world):
    """Tries minting and resuming; how many events that took."""
    invoked = 0

    def expect(what, source, mints, user="ada", algorithm="RS256", cookie=None):
        nonlocal invoked
        invoked += 1
        before = world.mints()
        answer = emulator.answer(event(contestant.provider, world.session(user, algorithm), cookie))
        found = (answer.status, answer.source, world.mints() - before)
        if found != ((200, source, mints) if contestant.mints else (200, None, 0)):
            raise SystemExit(f"{contestant.name}, {what}: {found} {answer.json}")
        return answer

    for algorithm in ("RS256", "ES256"):
        first = expect(f"a mint with {algorithm}", "minted", 1, algorithm=algorithm)
    again = expect("another mint", "minted", 1)
    if contestant.mints and again.json["token"] == first.json["token"]:
        raise SystemExit(f"{contestant.name} hands out one token twice")
    expect("another's cookie", "minted", 1, "eve", cookie=first.cookie)
    if contestant.resumes:
        resumed = expect("a cookie", "resumed", 0, cookie=first.cookie)
        if resumed.json["token"] != first.json["token"] or first.json["token"] in first.cookie:
            raise SystemExit(f"{contestant.name} does not seal its token, or resumes another")
    return invoked


def logged(emulator, invoked):
    lines = [json.loads(line) for line in emulator.log().splitlines() if line.startswith("{")]
    if len([line for line in lines if "outcome" in line]) != invoked:
        raise SystemExit(f"{emulator.contestant.name} does not log one line a request:\n{emulator.log()}")
