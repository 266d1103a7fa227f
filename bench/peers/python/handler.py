"""What a team would write for itself in Python: the same broker for Cartesia, with boto3, PyJWT and urllib3."""

import json
import sys
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from answer import ORIGINS, Refusal, answer
from ask import read_ask
from cookie import cookie, open_sealed, seal, subject_hash
from provider import BASE_URL, load_key, mint
from session import admit_page, load_key_set, verify

METHODS = "GET, POST, DELETE"
METRICS = {"minted": "Minted", "resumed": "Resumed", "signed_out": None, "preflight": None}

# During init, which has a whole processor; what fails is tried again by the first request.
for load in (load_key_set, load_key):
    with suppress(Exception):
        load()


def handle(event, context):
    started = time.perf_counter()
    record = {"level": "INFO", "request_id": context.aws_request_id, "provider": "cartesia"}
    steps = {}
    try:
        reply = route(event, record, steps)
    except Exception as error:
        is_refusal = isinstance(error, Refusal)
        refusal = error if is_refusal else Refusal(500, "internal", "Something went wrong here.")
        record["outcome"] = refusal.code
        record["reason"] = str(error.__cause__ or error)
        if refusal.status >= 500:
            record["level"] = "ERROR"
        problem = refusal.problem(context.aws_request_id)
        reply = answer(event, refusal.status, problem, "application/problem+json", refusal.headers, steps=steps)
    record.update({f"{name}_ms": took for name, took in steps.items()})
    record.update(metrics(record["outcome"]), status=reply["statusCode"])
    record["total_ms"] = (time.perf_counter() - started) * 1000
    sys.stdout.write(json.dumps(record, separators=(",", ":")) + "\n")
    sys.stdout.flush()
    return reply


def route(event, record, steps):
    match event["requestContext"]["http"]["method"]:
        case "OPTIONS":
            return preflight(event, record)
        case "DELETE":
            admit_page(event["headers"])
            record["outcome"] = "signed_out"
            return answer(event, 204, cookie=cookie("", 0))
        case "GET" | "POST":
            return hand(event, record, steps)
        case _:
            raise Refusal(405, "method_not_allowed", f"Use {METHODS}.", {"allow": f"{METHODS}, OPTIONS"})


def preflight(event, record):
    if event["headers"].get("origin") not in ORIGINS:
        raise Refusal(403, "origin_not_allowed", "This page may not call.")
    record["outcome"] = "preflight"
    headers = {
        "access-control-allow-methods": METHODS,
        "access-control-allow-headers": "authorization, content-type, baggage, sentry-trace, traceparent, tracestate",
        "access-control-max-age": "600",
    }
    return answer(event, 204, headers=headers)


def hand(event, record, steps):
    admit_page(event["headers"])
    with timed(steps, "session"):
        session = verify(event["headers"])
    ask = grants, expires_in = read_ask(event)
    with timed(steps, "secret"):
        key = load_key()
    record["subject"] = subject_hash(session, key)

    now = int(time.time())
    lease = open_sealed(session, event.get("cookies"), key)
    record["outcome"] = "resumed" if lease and fits(lease, ask, now) else "minted"
    if record["outcome"] == "minted":
        with timed(steps, "provider"):
            token = mint(ask, key)
        lease = {"token": token, "grants": grants, "expires_at": now + expires_in, "base_url": BASE_URL}
    left = lease["expires_at"] - now
    body = {
        "provider": "cartesia",
        "token": lease["token"],
        "expires_in": left,
        "expires_at": datetime.fromtimestamp(lease["expires_at"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "single_use": False,
        "base_url": BASE_URL,
    }
    headers = {"voicemint-source": record["outcome"]}
    return answer(event, 200, body, headers=headers, cookie=cookie(seal(session, lease, key), left), steps=steps)


def fits(lease, ask, now):
    grants, expires_in = ask
    same = lease["base_url"] == BASE_URL and lease["grants"] == grants
    return same and (lease["expires_at"] - now) * 2 >= expires_in


@contextmanager
def timed(steps, name):
    began = time.perf_counter()
    try:
        yield
    finally:
        steps[name] = (time.perf_counter() - began) * 1000


def metrics(outcome):
    """CloudWatch's embedded metric format."""
    metric = METRICS.get(outcome, "Refused")
    if not metric:
        return {}
    directive = {"Namespace": "Voicemint", "Dimensions": [["Provider"]], "Metrics": [{"Name": metric, "Unit": "Count"}]}
    aws = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    return {"_aws": aws, "Provider": "cartesia", metric: 1}
