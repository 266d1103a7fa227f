"""The measurement: rounds in which every contestant has its turn at everything, so that noise hits all of them alike.

A round is two cold starts of each, each in a new emulator, and then blocks of requests to each of the warm functions.
Whoever is first is last in the next round. No session comes twice but with the cookie that it was given, so that no cache
flatters anybody; and such users are measured with a refreshed session, too.
"""

import gc
import statistics
import sys
import time
from contextlib import ExitStack

import fairness
from client import Answer
from emulator import Emulator
from world import event

# What compiles at run time is measured once it has done so.
WARM_UP = 600
BLOCK = 150


class Values:
    """What each round found, by contestant and figure."""

    def __init__(self):
        self.all = {}

    def add(self, contestant, figure, value):
        self.all.setdefault(contestant.name, {}).setdefault(figure, []).append(value)


def measure(contestants, world, rounds):
    say("whether all do the same job")
    for contestant in contestants:
        fairness.check(contestant, world)
    values = Values()
    sessions = {
        "warm-up": [world.session(f"visitor-{number}") for number in range(WARM_UP)],
        "RS256": [world.session(f"user-{number}") for number in range(BLOCK)],
        "ES256": [world.session(f"user-{number}", "ES256") for number in range(BLOCK)],
        "refreshed": [world.session(f"user-{number}", jti=f"refreshed-{number}") for number in range(BLOCK)],
    }
    began = time.monotonic()
    # Python's own collection of garbage would be in the latencies.
    gc.disable()
    for number in range(rounds):
        turn = number % len(contestants)
        one_round(contestants[turn:] + contestants[:turn], world, sessions, values)
        values.all.setdefault("moto", {}).setdefault("answer_ms", []).append(world.moto_ms())
        gc.collect()
        left = (time.monotonic() - began) / (number + 1) * (rounds - number - 1)
        say(f"round {number + 1} of {rounds}; {left:.0f} s left")
    gc.enable()
    for contestant in contestants:
        values.add(contestant, "zip_mb", contestant.zip_bytes() / 1e6)
    return values.all


def one_round(order, world, sessions, values):
    for contestant in order:
        with Emulator(contestant, world) as emulator:
            cold(emulator, world.session("first"), values)
    with ExitStack() as stack:
        emulators = []
        for contestant in order:
            emulator = stack.enter_context(Emulator(contestant, world))
            cold(emulator, world.session("first"), values)
            emulators.append(emulator)
        cookies = {}
        latencies = {emulator: [] for emulator in emulators}
        for name in ("warm-up", "RS256", "ES256"):
            for emulator in emulators:
                events = [event(emulator.contestant.provider, session) for session in sessions[name]]
                answers, seconds, cpu = block(emulator, events)
                verify(emulator, answers, "minted")
                if name == "RS256":
                    cookies[emulator] = [answer.cookie for answer in answers]
                if name != "warm-up":
                    values.add(emulator.contestant, f"{name.lower()}_us", cpu / len(events) / 1e3)
                    latencies[emulator] += seconds
        for figure, name in (("resumed_us", "RS256"), ("resumed_new_us", "refreshed")):
            for emulator in emulators:
                resumed(emulator, sessions[name], cookies[emulator], figure, values)
        for emulator in emulators:
            percentiles = statistics.quantiles(latencies[emulator], n=100)
            values.add(emulator.contestant, "p50_ms", percentiles[49] * 1e3)
            values.add(emulator.contestant, "p99_ms", percentiles[98] * 1e3)
            values.add(emulator.contestant, "memory_mb", emulator.peak_memory() / 1e6)


def cold(emulator, session, values):
    """From the first event, with which the emulator starts the function, to the answer."""
    content, seconds = emulator.invoke(event(emulator.contestant.provider, session))
    values.add(emulator.contestant, "cold_ms", seconds * 1e3)
    values.add(emulator.contestant, "cold_cpu_ms", emulator.cpu_ns() / 1e6)
    verify(emulator, [Answer(content)], "minted")


def resumed(emulator, sessions, cookies, figure, values):
    """Those who have just been given a token come back with its cookie. To the floor that is one more event like it."""
    contestant = emulator.contestant
    if contestant.mints and not contestant.resumes:
        return
    filler = f"__Host-cartesia-token={'x' * 600}"
    visitors = zip(sessions, cookies, strict=True)
    events = [event(contestant.provider, session, cookie or filler) for session, cookie in visitors]
    answers, _, cpu = block(emulator, events)
    verify(emulator, answers, "resumed")
    values.add(contestant, figure, cpu / len(events) / 1e3)


def block(emulator, events):
    """The answers to events sent one by one; the seconds that each took; the function's CPU time in nanoseconds."""
    before = emulator.cpu_ns()
    replies = [emulator.invoke(content) for content in events]
    cpu = emulator.cpu_ns() - before
    return [Answer(content) for content, _ in replies], [seconds for _, seconds in replies], cpu


def verify(emulator, answers, source):
    expected = (200, source if emulator.contestant.mints else None)
    for answer in answers:
        if (answer.status, answer.source) != expected:
            sys.exit(f"{emulator.contestant.name}: {answer.status} {answer.source} {answer.json}, and not {expected}")


def say(text):
    print(f"   {text}", file=sys.stderr, flush=True)
