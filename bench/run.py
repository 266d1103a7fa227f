"""`make bench` and what else begins with it; the Makefile sets the variables that say where everything is."""

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
from contestants import contestants
from figures import Results
from measure import measure
from world import TARGET, World


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["figures", "check", "load", "profile"])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--emulators", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=10)
    options = parser.parse_args()
    # Asked to stop, the children are to stop too.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    with World() as world:
        if options.what == "load":
            good = load.run(contestants(), world, options.emulators, options.seconds)
            sys.exit(None if good else "Not every answer was a mint.")
        if options.what == "profile":
            return callgrind.run(world)
        functions = contestants()
        values = measure(functions, world, options.rounds)
        cartesia = next(function for function in functions if function.name == "cartesia")
        values["distant"] = distance.measure(cartesia, world, options.rounds)
    raw = TARGET / "results.json"
    raw.write_text(json.dumps(values, indent=1))
    results = Results(values)
    if options.what == "figures":
        report.write(results, options.rounds)
        plot.write(results, options.rounds)
        print(report.figures_table(results))
        print(f"\nWritten to README.md, docs/{report.PAGE.name} and docs/{plot.PATH.name}; each round's values to {raw}.")
    overruns = list(budgets.overruns(results))
    print("\n".join(overruns) if overruns else "Every budget is kept.")
    if options.what == "check" and overruns:
        sys.exit(1)


if __name__ == "__main__":
    main()
