"""The plot, docs/performance.svg: one panel per figure, one bar per function, a whisker between the
quartiles.
"""

from html import escape

from figures import BY_KEY, short
from env import ROOT

PATH = ROOT / "docs/performance.svg"
PANELS = ["cold_ms", "cold_cpu_ms", "rs256_us", "resumed_us", "memory_mb", "zip_mb"]
BARS = {"floor": "floor", "cartesia": "Voicemint", "node": "Node.js", "python": "Python"}
COLUMNS = 2

PANEL_WIDTH, PANEL_HEIGHT = 400, 150
LABEL_WIDTH, BAR_WIDTH = 80, 235
TOP, BAR_HEIGHT, STEP = 44, 16, 25

# Readable on a light and on a dark background.
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; }
  .label, .note { fill: #59636e; }
  .bar { fill: #8c959f; }
  .voicemint { fill: #0a7f5a; }
  .whisker { stroke: #1f2328; stroke-width: 1.5; fill: none; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .label, .note { fill: #9198a1; }
    .bar { fill: #656c76; }
    .voicemint { fill: #2eb88a; }
    .whisker { stroke: #f0f6fc; }
  }
"""


def write(results, rounds):
    height = PANEL_HEIGHT * -(-len(PANELS) // COLUMNS) + 30
    parts = [panel(results, key, number) for number, key in enumerate(PANELS)]
    note = f"Lower is better. Medians of {rounds} rounds; whiskers: quartiles. Voicemint: the Cartesia function."
    PATH.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {PANEL_WIDTH * COLUMNS} {height}" role="img" '
        'aria-labelledby="title description">\n'
        '<title id="title">What a cold start and a mint cost: Voicemint, the floor, Node.js and Python</title>\n'
        f'<desc id="description">{escape(description(results))}</desc>\n'
        f"<style>{STYLE}</style>\n{''.join(parts)}"
        f'<text class="note" x="0" y="{height - 8}">{escape(note)}</text>\n</svg>\n'
    )


def description(results):
    def amounts(key):
        known = [name for name in BARS if results.has(name, key)]
        return ", ".join(f"{BARS[name]} {short(results.median(name, key))}" for name in known)

    return " ".join(f"{BY_KEY[key].title}, in {BY_KEY[key].unit}: {amounts(key)}." for key in PANELS)


def panel(results, key, number):
    figure = BY_KEY[key]
    x, y = number % COLUMNS * PANEL_WIDTH, number // COLUMNS * PANEL_HEIGHT
    maximum = max(results.quartiles(name, key)[1] for name in BARS)
    lines = [f'<text class="title" x="0" y="22">{escape(figure.title)}, {figure.unit}</text>']
    for row, (name, label) in enumerate(BARS.items()):
        top = TOP + row * STEP
        middle = top + BAR_HEIGHT / 2
        median, (lower, upper) = results.median(name, key), results.quartiles(name, key)
        end, low, high = (value / maximum * BAR_WIDTH for value in (median, lower, upper))
        kind = "bar voicemint" if name == "cartesia" else "bar"
        size = f'width="{max(end, 1.5):.1f}" height="{BAR_HEIGHT}"'
        lines += [
            f'<text class="label" x="{LABEL_WIDTH - 8}" y="{middle + 4.5}" text-anchor="end">{label}</text>',
            f'<rect class="{kind}" x="{LABEL_WIDTH}" y="{top}" {size} rx="2"/>',
        ]
        if high - low > 2:
            left, right = LABEL_WIDTH + low, LABEL_WIDTH + high
            ends = "".join(f" M{at:.1f} {middle - 4}v8" for at in (left, right))
            lines.append(f'<path class="whisker" d="M{left:.1f} {middle}H{right:.1f}{ends}"/>')
        after = LABEL_WIDTH + max(end, high) + 8
        lines.append(f'<text x="{after:.1f}" y="{middle + 4.5}">{short(median)}</text>')
    return f'<g transform="translate({x} {y})">\n' + "\n".join(lines) + "\n</g>\n"
