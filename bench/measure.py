"""The measurement: rounds in which every function does everything once, so that noise affects all
of them alike.

A round consists of cold starts of each function, two without TLS and two over TLS, each in a new
emulator, and then of blocks of requests to each warm function. The order rotates from round to round. A session is used again only
with the cookie that it received, so that session caches do not improve the figures; these users are
also measured with a refreshed session.
"""

import gc
import statistics
import sys
import time
from contextlib import ExitStack

import conformance
from client import Response
from emulator import Emulator

# Functions with a just-in-time compiler are measured after it has compiled them.
WARM_UP = 600
BLOCK = 150
# Over TLS in each round. Without TLS it is one, and the one of the function that is then warm.
COLD_STARTS = 2


class Values:
    """The values of each round, by function and figure."""

    def __init__(self):
        self.all = {}

    def add(self, function, figure, value):
        self.all.setdefault(function.name, {}).setdefault(figure, []).append(value)


def measure(functions, env, rounds):
    say("checking that all functions do the same work")
    for function in functions:
        conformance.check(function, env)
    values = Values()
    sessions = {
        "warm-up": [env.session(f"visitor-{number}") for number in range(WARM_UP)],
        "RS256": [env.session(f"user-{number}") for number in range(BLOCK)],
        "ES256": [env.session(f"user-{number}", "ES256") for number in range(BLOCK)],
        "refreshed": [env.session(f"user-{number}", jti=f"refreshed-{number}") for number in range(BLOCK)],
    }
    began = time.monotonic()
    # Python's garbage collection would distort the latencies.
    gc.disable()
    for number in range(rounds):
        turn = number % len(functions)
        one_round(functions[turn:] + functions[:turn], env, sessions, values)
        values.all.setdefault("moto", {}).setdefault("response_ms", []).append(env.moto_ms())
        gc.collect()
        left = (time.monotonic() - began) / (number + 1) * (rounds - number - 1)
        say(f"round {number + 1} of {rounds}; {left:.0f} s left")
    gc.enable()
    for function in functions:
        values.add(function, "zip_mb", function.zip_bytes() / 1e6)
    return values.all


def one_round(order, env, sessions, values):
    for function in order:
        with Emulator(function, env) as emulator:
            cold(emulator, env, values)
        if function.mints:
            over_tls = env.over_tls(function.provider) | function.trust
            for _ in range(COLD_STARTS):
                with Emulator(function, env, over_tls) as emulator:
                    cold(emulator, env, values, "tls_")
    with ExitStack() as stack:
        emulators = []
        for function in order:
            emulator = stack.enter_context(Emulator(function, env))
            cold(emulator, env, values)
            emulators.append(emulator)
        cookies = {}
        latencies = {emulator: [] for emulator in emulators}
        for name in ("warm-up", "RS256", "ES256"):
            for emulator in emulators:
                events = [env.event(emulator.function.provider, session) for session in sessions[name]]
                responses, seconds, cpu = block(emulator, events)
                verify(emulator, responses, "minted")
                if name == "RS256":
                    cookies[emulator] = [response.cookie for response in responses]
                if name != "warm-up":
                    values.add(emulator.function, f"{name.lower()}_us", cpu / len(events) / 1e3)
                    latencies[emulator] += seconds
        for figure, name in (("resumed_us", "RS256"), ("resumed_new_us", "refreshed")):
            for emulator in emulators:
                resumed(emulator, env, sessions[name], cookies[emulator], figure, values)
        for emulator in emulators:
            percentiles = statistics.quantiles(latencies[emulator], n=100)
            values.add(emulator.function, "p50_ms", percentiles[49] * 1e3)
            values.add(emulator.function, "p99_ms", percentiles[98] * 1e3)
            values.add(emulator.function, "memory_mb", emulator.peak_memory() / 1e6)


def cold(emulator, env, values, prefix=""):
    """From the first event, which makes the emulator start the function, to the response."""
    function = emulator.function
    content, seconds = emulator.invoke(env.event(function.provider, env.session("first")))
    values.add(function, f"{prefix}cold_ms", seconds * 1e3)
    values.add(function, f"{prefix}cold_cpu_ms", emulator.cpu_ns() / 1e6)
    verify(emulator, [Response(content)], "minted")
    if function.mints:
        values.add(function, f"{prefix}first_ms", emulator.request_log()[0]["total_ms"])


def resumed(emulator, env, sessions, cookies, figure, values):
    """Users who have just received a token return with its cookie. The floor receives a filler
    cookie.
    """
    function = emulator.function
    if function.mints and not function.resumes:
        return
    filler = f"__Host-cartesia-token={'x' * 600}"
    visitors = zip(sessions, cookies, strict=True)
    events = [env.event(function.provider, session, cookie or filler) for session, cookie in visitors]
    responses, _, cpu = block(emulator, events)
    verify(emulator, responses, "resumed")
    values.add(function, figure, cpu / len(events) / 1e3)


def block(emulator, events):
    """Sends events one by one. Returns the responses, the seconds of each, and the CPU nanoseconds
    of the function.
    """
    before = emulator.cpu_ns()
    replies = [emulator.invoke(content) for content in events]
    cpu = emulator.cpu_ns() - before
    return [Response(content) for content, _ in replies], [seconds for _, seconds in replies], cpu


def verify(emulator, responses, source):
    expected = (200, source if emulator.function.mints else None)
    for response in responses:
        if (response.status, response.source) != expected:
            sys.exit(f"{emulator.function.name}: {response.status} {response.source} {response.json}; expected {expected}")


def say(text):
    print(f"   {text}", file=sys.stderr, flush=True)
