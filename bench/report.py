"""Writes the tables of docs/performance.md and README.md between their markers, and keeps the text
around them.
"""

import os
import platform
import subprocess

from budgets import BUDGETS
from distance import PROVIDER, SECRETS
from figures import FIGURES, NAMES, TLS_FIGURES, VOICEMINT, WITHOUT_TLS, short
from env import ROOT

PAGE = ROOT / "docs/performance.md"
README = ROOT / "README.md"
# The functions in README.md's table, with their names there. The page has all functions.
IN_README = {"cartesia": "Voicemint", "floor": "the floor", "node": "Node.js", "python": "Python"}
BEGIN = "<!-- Measured values: `make bench` overwrites them. -->"
END = "<!-- End of the measured values. -->"

# The figures in README.md's table. The page has all of them.
README_FIGURES = ("cold_ms", "p50_ms", "rs256_us", "memory_mb")


TLS_HEADING = (
    "Over TLS to Secrets Manager, the key set and the provider. *More* is the median of the differences from the cold\n"
    "starts without TLS in the same round. In parentheses: the ratio to Voicemint's function for Cartesia."
)


def write(results, rounds):
    tables = [figures_table(results), "Ratios:", ratios_table(results), "Budgets:", budgets_table(results)]
    tables += [TLS_HEADING, tls_table(results), distance_heading(), distance_table(results)]
    between_markers(PAGE, [heading(results, rounds), *tables])
    between_markers(README, [short_table(results)])


def between_markers(page, parts):
    text = page.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{page} has no markers: restore the lines {BEGIN} and {END}")
    page.write_text(before + begin + "\n\n" + "\n\n".join(parts) + "\n\n" + end + after)


def heading(results, rounds):
    node = subprocess.run([os.environ["BENCH_NODE"], "--version"], capture_output=True, text=True, check=True).stdout
    runtimes = f"Node.js {node.strip().removeprefix('v')} and Python {platform.python_version()}"
    moto = short(results.median("moto", "response_ms"))
    return (
        f"Medians of {rounds} rounds, with the quartiles in parentheses. On {platform.machine()} with "
        f"{os.cpu_count()} processors, with {runtimes}.\nEvery cold start except the floor's includes one call of moto, or two with "
        f"profiles. It stands in for Secrets Manager, and a call takes {moto} ms."
    )


def figures_table(results):
    def cell(name, figure):
        if not results.has(name, figure.key):
            return ""
        median = short(results.median(name, figure.key))
        lower, upper = map(short, results.quartiles(name, figure.key))
        return median if lower == upper else f"{median} ({lower}–{upper})"

    rows = [[title, *(cell(name, figure) for figure in FIGURES)] for name, title in NAMES.items()]
    return table(["", *(f"{figure.title}, {figure.unit}" for figure in FIGURES)], rows)


def short_table(results):
    """Medians, and how many times Voicemint's they are."""

    def cell(name, figure):
        amount = short(results.median(name, figure.key))
        return amount if name == "cartesia" else f"{amount} ({short(results.ratio(name, 'cartesia', figure.key))} ×)"

    figures = [figure for figure in FIGURES if figure.key in README_FIGURES]
    rows = [[f"{figure.title}, {figure.unit}", *(cell(name, figure) for name in IN_README)] for figure in figures]
    return table(["", *IN_README.values()], rows)


def ratios_table(results):
    pairs = [(function, "floor") for function in VOICEMINT] + [("node", "cartesia"), ("python", "cartesia")]

    def cell(name, other, figure):
        known = results.has(name, figure.key) and results.has(other, figure.key)
        return short(results.ratio(name, other, figure.key)) if known else ""

    rows = [[f"{NAMES[name]} ÷ {NAMES[other]}", *(cell(name, other, figure) for figure in FIGURES)] for name, other in pairs]
    return table(["", *(figure.title for figure in FIGURES)], rows)


def budgets_table(results):
    def row(budget):
        own = budget.figure(results, "cartesia")
        name, highest = budget.worst(results)
        cells = [budget.text(figure).removesuffix(" of") for figure in (own, highest)]
        return [budget.title, budget.limit, cells[0], f"{cells[1]} ({NAMES[name]})", "yes" if highest <= budget.maximum else "**no**"]

    return table(["", "maximum", NAMES["cartesia"], "highest of all functions", "within budget"], map(row, BUDGETS))


def tls_table(results):
    def cells(name, figure):
        ratio = "" if name == "cartesia" else f" ({short(results.ratio(name, 'cartesia', figure.key))} ×)"
        more = results.difference(name, figure.key, WITHOUT_TLS[figure.key])
        return [f"{short(results.median(name, figure.key))}{ratio}", short(more)]

    names = [name for name in NAMES if results.has(name, TLS_FIGURES[0].key)]
    rows = [[NAMES[name], *(cell for figure in TLS_FIGURES for cell in cells(name, figure))] for name in names]
    return table(["", *(head for figure in TLS_FIGURES for head in (f"{figure.title}, {figure.unit}", "more"))], rows)


def distance_heading():
    return (
        f"A cold start of the Cartesia function, in ms, over TLS to a provider with round trips of {PROVIDER * 1e3:.0f} ms, "
        "with the `HEAD` that opens the connection early, and without it:"
    )


def distance_table(results):
    def cell(key):
        median = short(results.median("remote", key))
        return "{} ({}–{})".format(median, *map(short, results.quartiles("remote", key)))

    slow = f"over TLS with round trips of {SECRETS * 1e3:.0f} ms"
    rows = [
        ["on this machine", cell("warmed_ms"), cell("unwarmed_ms")],
        [slow, cell("warmed_slow_secret_ms"), cell("unwarmed_slow_secret_ms")],
    ]
    return table(["Secrets Manager", "with the `HEAD`", "without"], rows)


def table(heads, rows):
    lines = [heads, ["---"] + ["--:"] * (len(heads) - 1), *rows]
    return "\n".join("|" + "".join(f" {cell} |" if cell else " |" for cell in line) for line in lines)
