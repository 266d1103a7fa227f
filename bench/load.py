"""The load test: parallel emulators, each with a caller that sends the next event as soon as it has
the response, so that the machine is fully used. Each caller is a separate process, so that callers
do not block each other.
"""

import multiprocessing
import os
import statistics
import time
from contextlib import ExitStack

import processes
from client import Client, Response
from emulator import Emulator

# More sessions than the function's cache holds: each is new to the function when it comes again.
SESSIONS = 1200
WARM_UP = 300


def run(functions, env, emulators, seconds):
    """Loads one function after the other. Returns whether every response was as expected."""
    cores = os.cpu_count()
    print(
        f"{emulators} parallel emulators for {seconds} s each. Per core: divided by the {cores} cores of the machine, which"
    )
    print("emulators, stand-ins and callers use too. Own core: per second of the CPU time of the functions alone.\n")
    print(row("", "responses", "errors", "per second", "per core", "own core", "p50 ms", "p99 ms"))
    good = True
    for function in functions:
        made, errors, latencies, elapsed, cpu = load(function, env, emulators, seconds)
        rate = made / elapsed
        percentiles = statistics.quantiles(latencies, n=100) if len(latencies) > 1 else [0] * 99
        own = made / (cpu / 1e9)
        counts = [made, errors, *(f"{number:.0f}" for number in (rate, rate / cores, own))]
        times = [f"{percentiles[index] * 1e3:.2f}" for index in (49, 98)]
        print(row(function.name, *counts, *times), flush=True)
        good &= errors == 0 and made > 0
    return good


def row(name, *cells):
    return f"{name:12}" + "".join(f"{cell:>12}" for cell in cells)


def load(function, env, count, seconds):
    expected = (200, "minted" if function.mints else None)
    sessions = [env.session(f"user-{number}") for number in range(SESSIONS)]
    events = [env.event(function.provider, session) for session in sessions]
    context = multiprocessing.get_context("fork")
    with ExitStack() as stack:
        emulators = [stack.enter_context(Emulator(function, env)) for _ in range(count)]
        for emulator in emulators:
            for number in range(WARM_UP):
                emulator.invoke(events[number % SESSIONS])
        pids = [pid for emulator in emulators for pid in emulator.pids]
        outcomes = context.Queue()
        mints, before, began = env.mints(), processes.cpu_ns(pids), time.monotonic()
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
        if function.mints:
            # The provider minted exactly as many tokens as the functions returned.
            errors += abs(env.mints() - mints - made)
    return made, errors, latencies, elapsed, cpu


def call(port, events, seconds, expected, outcomes):
    client = Client(port)
    good, bad, latencies = 0, 0, []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            content, took = client.invoke(events[(good + bad) % len(events)])
            response = Response(content)
        except (OSError, ValueError):
            bad += 1
            client.close()
            client = Client(port)
            continue
        if (response.status, response.source) == expected:
            good += 1
            latencies.append(took)
        else:
            bad += 1
    outcomes.put((good, bad, latencies))
