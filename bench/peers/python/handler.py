"""The broker for Cartesia as a team would write it in Python, with boto3, PyJWT and urllib3."""

import json
import sys
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from urllib.parse import urlencode

from cookie import cookie, open_sealed, seal, subject_hash
from provider import API_VERSION, BASE_URL, load_key, mint
from response import ORIGINS, Problem, respond
from session import check_origin, load_jwk_set, verify
from token_request import read_token_request

METHODS = "GET, POST, DELETE"
METRICS = {"minted": "Minted", "resumed": "Resumed", "signed_out": None, "preflight": None}

# Init has a full CPU. The first request retries what fails here.
for load in (load_jwk_set, load_key):
    with suppress(Exception):
        load()


def handle(event, context):
    started = time.perf_counter()
    request_log = {"level": "INFO", "request_id": context.aws_request_id, "provider": "cartesia"}
    steps = {}
    try:
        response = route(event, request_log, steps)
    except Exception as error:
        is_problem = isinstance(error, Problem)
        problem = error if is_problem else Problem(500, "internal", "Something went wrong.")
        request_log["outcome"] = problem.code
        request_log["reason"] = str(error.__cause__ or error)
        if problem.status >= 500:
            request_log["level"] = "ERROR"
        document = problem.document(context.aws_request_id)
        response = respond(event, problem.status, document, "application/problem+json", problem.headers, steps=steps)
    request_log.update({f"{name}_ms": took for name, took in steps.items()})
    request_log.update(metrics(request_log["outcome"]), status=response["statusCode"])
    request_log["total_ms"] = (time.perf_counter() - started) * 1000
    sys.stdout.write(json.dumps(request_log, separators=(",", ":")) + "\n")
    sys.stdout.flush()
    return response


def route(event, request_log, steps):
    match event["requestContext"]["http"]["method"]:
        case "OPTIONS":
            return preflight(event, request_log)
        case "DELETE":
            check_origin(event["headers"])
            request_log["outcome"] = "signed_out"
            return respond(event, 204, cookie=cookie("", 0))
        case "GET" | "POST":
            return issue(event, request_log, steps)
        case _:
            raise Problem(405, "method_not_allowed", f"Use {METHODS}.", {"allow": f"{METHODS}, OPTIONS"})


def preflight(event, request_log):
    if event["headers"].get("origin") not in ORIGINS:
        raise Problem(403, "origin_not_allowed", "Call from a page listed in ALLOWED_ORIGINS.")
    request_log["outcome"] = "preflight"
    headers = {
        "access-control-allow-methods": METHODS,
        "access-control-allow-headers": "authorization, content-type, baggage, sentry-trace, traceparent, tracestate",
        "access-control-max-age": "600",
    }
    return respond(event, 204, headers=headers)


def issue(event, request_log, steps):
    check_origin(event["headers"])
    with timed(steps, "session"):
        session = verify(event["headers"])
    token_request = grants, expires_in = read_token_request(event)
    with timed(steps, "secret"):
        key = load_key()
    request_log["subject"] = subject_hash(session, key)

    now = int(time.time())
    issued = open_sealed(session, event.get("cookies"), key)
    request_log["outcome"] = "resumed" if issued and fits(issued, token_request, now) else "minted"
    if request_log["outcome"] == "minted":
        with timed(steps, "provider"):
            token = mint(token_request, key)
        issued = {"token": token, "grants": grants, "expires_at": now + expires_in, "base_url": BASE_URL}
    left = issued["expires_at"] - now
    body = {
        "provider": "cartesia",
        "token": issued["token"],
        "expires_in": left,
        "expires_at": datetime.fromtimestamp(issued["expires_at"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "single_use": False,
        "base_url": BASE_URL,
        "connect": connect(issued),
    }
    headers = {"voicemint-source": request_log["outcome"]}
    return respond(event, 200, body, headers=headers, cookie=cookie(seal(session, issued, key), left), steps=steps)


def connect(issued):
    base = BASE_URL.replace("http", "ws", 1)
    query = urlencode({"cartesia_version": API_VERSION, "access_token": issued["token"]})
    entries = (name for name in ("tts", "stt") if name in issued["grants"])
    return {name: {"url": f"{base}/{name}/websocket?{query}", "protocols": []} for name in entries}


def fits(issued, token_request, now):
    grants, expires_in = token_request
    same = issued["base_url"] == BASE_URL and issued["grants"] == grants
    return same and (issued["expires_at"] - now) * 2 >= expires_in


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
