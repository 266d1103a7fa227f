"""`make bench` and its variants. The Makefile sets the environment variables with all paths."""

import argparse
import json
import signal
import sys

import budgets
import callgrind
import distance
import load
import plot
import report
from env import TARGET, BenchEnv
from figures import Results
from functions import all_functions
from measure import measure


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["figures", "check", "load", "profile"])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--emulators", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=10)
    options = parser.parse_args()
    # A signal ends the children too.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    with BenchEnv() as env:
        if options.what == "load":
            good = load.run(all_functions(), env, options.emulators, options.seconds)
            sys.exit(None if good else "Not every response was a mint.")
        if options.what == "profile":
            return callgrind.run(env)
        functions = all_functions()
        values = measure(functions, env, options.rounds)
        cartesia = next(function for function in functions if function.name == "cartesia")
        values["remote"] = distance.measure(cartesia, env, options.rounds)
    raw = TARGET / "results.json"
    raw.write_text(json.dumps(values, indent=1))
    results = Results(values)
    if options.what == "figures":
        report.write(results, options.rounds)
        plot.write(results, options.rounds)
        print(report.figures_table(results))
        print(f"\nWritten to README.md, docs/{report.PAGE.name} and docs/{plot.PATH.name}; the values of each round to {raw}.")
    overruns = list(budgets.overruns(results))
    print("\n".join(overruns) if overruns else "Every figure is within its budget.")
    if options.what == "check" and overruns:
        sys.exit(1)


if __name__ == "__main__":
    main()
