"""The tables of docs/performance.md and README.md, between their markers; the text round them is kept."""

import os
import platform
import subprocess

from budgets import BUDGETS, FUNCTIONS
from distance import PROVIDER, SECRETS
from figures import FIGURES, NAMES, short
from world import ROOT

PAGE = ROOT / "docs/performance.md"
README = ROOT / "README.md"
# Who README compares, and by what: the rest is on the page.
IN_README = {"cartesia": "Voicemint", "floor": "the floor", "node": "Node.js", "python": "Python"}
BEGIN = "<!-- What follows was measured: `make bench` writes it anew. -->"
END = "<!-- Here ends what was measured. -->"


def write(results, rounds):
    tables = [figures_table(results), "Ratios:", ratios_table(results), "Budgets:", budgets_table(results)]
    tables += [distance_heading(), distance_table(results)]
    between_markers(PAGE, [heading(results, rounds), *tables])
    between_markers(README, [short_table(results)])


def between_markers(page, parts):
    text = page.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{page} has lost its markers: put back the lines {BEGIN} and {END}")
    page.write_text(before + begin + "\n\n" + "\n\n".join(parts) + "\n\n" + end + after)


def heading(results, rounds):
    node = subprocess.run([os.environ["BENCH_NODE"], "--version"], capture_output=True, text=True, check=True).stdout
    runtimes = f"Node.js {node.strip().removeprefix('v')} and Python {platform.python_version()}"
    moto = short(results.median("moto", "answer_ms"))
    return (
        f"Medians of {rounds} rounds; in brackets, between which half of the rounds are. On {platform.machine()} with "
        f"{os.cpu_count()} processors, with {runtimes}.\nIn every cold start but the floor's there is an answer of "
        f"moto, in the place of Secrets Manager, which takes {moto} ms."
    )


def figures_table(results):
    def cell(name, figure):
        if not results.has(name, figure.key):
            return ""
        median = short(results.median(name, figure.key))
        lower, upper = map(short, results.quartiles(name, figure.key))
        return median if lower == upper else f"{median} ({lower}–{upper})"

    rows = [[f"{figure.title}, {figure.unit}", *(cell(name, figure) for name in NAMES)] for figure in FIGURES]
    return table(["", *NAMES.values()], rows)


def short_table(results):
    """Amounts alone, and how many times Voicemint's they are."""

    def cell(name, figure):
        amount = short(results.median(name, figure.key))
        return amount if name == "cartesia" else f"{amount} ({short(results.ratio(name, 'cartesia', figure.key))} ×)"

    rows = [[f"{figure.title}, {figure.unit}", *(cell(name, figure) for name in IN_README)] for figure in FIGURES]
    return table(["", *IN_README.values()], rows)


def ratios_table(results):
    pairs = [(function, "floor") for function in FUNCTIONS] + [("node", "cartesia"), ("python", "cartesia")]

    def cell(name, other, figure):
        known = results.has(name, figure.key) and results.has(other, figure.key)
        return short(results.ratio(name, other, figure.key)) if known else ""

    rows = [[figure.title, *(cell(name, other, figure) for name, other in pairs)] for figure in FIGURES]
    return table(["", *(f"{NAMES[name]} ÷ {NAMES[other]}" for name, other in pairs)], rows)


def budgets_table(results):
    def row(budget):
        figures = [budget.figure(results, function) for function in FUNCTIONS]
        cells = ["" if figure is None else budget.text(figure).removesuffix(" of") for figure in figures]
        kept = all(figure is None or figure <= budget.most for figure in figures)
        return [budget.title, budget.limit, *cells, "yes" if kept else "**no**"]

    return table(["", "at most", *(NAMES[name] for name in FUNCTIONS), "kept"], map(row, BUDGETS))


def distance_heading():
    return (
        f"A cold start of Cartesia's function, in ms, with TLS to a provider whose round trips take {PROVIDER * 1e3:.0f} ms, "
        "with the `HEAD` that warms the connection and where that `HEAD` gets none:"
    )


def distance_table(results):
    def cell(key):
        median = short(results.median("distant", key))
        return "{} ({}–{})".format(median, *map(short, results.quartiles("distant", key)))

    slow = f"over TLS with round trips of {SECRETS * 1e3:.0f} ms"
    rows = [
        ["on this machine", cell("warmed_ms"), cell("unwarmed_ms")],
        [slow, cell("warmed_slow_secret_ms"), cell("unwarmed_slow_secret_ms")],
    ]
    return table(["Secrets Manager", "with the `HEAD`", "without"], rows)


def table(heads, rows):
    lines = [heads, ["---"] + ["--:"] * (len(heads) - 1), *rows]
    return "\n".join("|" + "".join(f" {cell} |" if cell else " |" for cell in line) for line in lines)
