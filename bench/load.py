"""The load: emulators side by side, each with a caller that sends the next event as soon as it has its answer, so that
the machine has no more to give. A caller is a process of its own, so that callers do not wait for each other.
"""

import multiprocessing
import os
import statistics
import time
from contextlib import ExitStack

import processes
from client import Answer, Client
from emulator import Emulator
from world import event

# More than a function remembers: each one is new to it when it comes again.
SESSIONS = 1200
WARM_UP = 300


def run(contestants, world, emulators, seconds):
    """Loads one contestant after the other; whether every answer was the expected one."""
    cores = os.cpu_count()
    print(
        f"{emulators} emulators side by side for {seconds} s each. Per core: of the machine's {cores}, which emulators,"
    )
    print("stand-ins and callers use as well. Own core: by the processor time of the functions alone.\n")
    print(row("", "answers", "errors", "per second", "per core", "own core", "p50 ms", "p99 ms"))
    good = True
    for contestant in contestants:
        made, errors, latencies, elapsed, cpu = load(contestant, world, emulators, seconds)
        rate = made / elapsed
        percentiles = statistics.quantiles(latencies, n=100) if len(latencies) > 1 else [0] * 99
        own = made / (cpu / 1e9)
        counts = [made, errors, *(f"{number:.0f}" for number in (rate, rate / cores, own))]
        times = [f"{percentiles[index] * 1e3:.2f}" for index in (49, 98)]
        print(row(contestant.name, *counts, *times), flush=True)
        good &= errors == 0 and made > 0
    return good


def row(name, *cells):
    return f"{name:12}" + "".join(f"{cell:>12}" for cell in cells)


def load(contestant, world, count, seconds):
    expected = (200, "minted" if contestant.mints else None)
    sessions = [world.session(f"user-{number}") for number in range(SESSIONS)]
    events = [event(contestant.provider, session) for session in sessions]
    context = multiprocessing.get_context("fork")
    with ExitStack() as stack:
        emulators = [stack.enter_context(Emulator(contestant, world)) for _ in range(count)]
        for emulator in emulators:
            for number in range(WARM_UP):
                emulator.invoke(events[number % SESSIONS])
        pids = [pid for emulator in emulators for pid in emulator.pids]
        outcomes = context.Queue()
        mints, before, began = world.mints(), processes.cpu_ns(pids), time.monotonic()
        work = [(emulator.port, events, seconds, expected, outcomes) for emulator in emulators]
        callers = [context.Process(target=call, args=each, daemon=True) for each in work]
        for caller in callers:
            caller.start()
        made, errors, latencies = 0, 0, []
        for _ in callers:
            good, bad, took = outcomes.get(timeout=seconds + 60)
            made, errors, latencies = made + good, errors + bad, latencies + took
        elapsed, cpu = time.monotonic() - began, processes.cpu_ns(pids) - before
        for caller in callers:
            caller.join()
        if contestant.mints:
            # Each one was minted at the provider, and none besides.
            errors += abs(world.mints() - mints - made)
    return made, errors, latencies, elapsed, cpu


def call(port, events, seconds, expected, outcomes):
    client = Client(port)
    good, bad, latencies = 0, 0, []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            content, took = client.invoke(events[(good + bad) % len(events)])
            answer = Answer(content)
        except (OSError, ValueError):
            bad += 1
            client.close()
            client = Client(port)
            continue
        if (answer.status, answer.source) == expected:
            good += 1
            latencies.append(took)
        else:
            bad += 1
    outcomes.put((good, bad, latencies))
