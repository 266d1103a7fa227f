"""Statistics over the rounds: medians, quartiles, and ratios within a round, which noise affects
least.
"""

import math
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "tools"))
from providers import providers  # noqa: E402


@dataclass(frozen=True)
class Figure:
    key: str
    title: str
    unit: str


FIGURES = [
    Figure("cold_ms", "cold start", "ms"),
    Figure("cold_cpu_ms", "CPU of a cold start", "ms"),
    Figure("p50_ms", "warm mint, p50", "ms"),
    Figure("p99_ms", "warm mint, p99", "ms"),
    Figure("rs256_us", "CPU of a mint, RS256", "µs"),
    Figure("es256_us", "CPU of a mint, ES256", "µs"),
    Figure("resumed_us", "CPU of a resumed request", "µs"),
    Figure("resumed_new_us", "CPU of a resumed request, new session", "µs"),
    Figure("memory_mb", "peak memory", "MB"),
    Figure("zip_mb", "zip", "MB"),
]
# The same over TLS, by the key of the figure without TLS.
WITHOUT_TLS = {"tls_cold_ms": "cold_ms", "tls_cold_cpu_ms": "cold_cpu_ms", "tls_first_ms": "first_ms"}
TLS_FIGURES = [
    Figure("tls_cold_ms", "cold start", "ms"),
    Figure("tls_cold_cpu_ms", "CPU of a cold start", "ms"),
    Figure("tls_first_ms", "the first mint in it", "ms"),
]
BY_KEY = {figure.key: figure for figure in FIGURES}


# The functions of Voicemint, Cartesia's first: the others are compared to it.
VOICEMINT = dict(sorted(((of.name, of.title) for of in providers()), key=lambda named: named[0] != "cartesia"))
NAMES = {"floor": "floor", **VOICEMINT, "node": "Node.js", "python": "Python"}


class Results:
    def __init__(self, values):
        self._values = values

    def has(self, function, key):
        return key in self._values[function]

    def median(self, function, key):
        return statistics.median(self._values[function][key])

    def quartiles(self, function, key):
        """The lower and the upper quartile."""
        values = self._values[function][key]
        if len(values) < 2:
            return values[0], values[0]
        lower, _, upper = statistics.quantiles(values, n=4, method="inclusive")
        return lower, upper

    def difference(self, function, key, other_key):
        """How much more one figure of a function is than another one, which has as many values in
        each round: the median of the differences.
        """
        pairs = zip(self._values[function][key], self._values[function][other_key], strict=True)
        return statistics.median(one - two for one, two in pairs)

    def ratio(self, function, other, key):
        """How many times the figure of the other function: the median of the ratios of each round.
        """
        pairs = zip(self._values[function][key], self._values[other][key], strict=True)
        # Of two middle values the geometric mean, so that the reversed ratio is the inverse.
        return math.exp(statistics.median(math.log(one / two) for one, two in pairs))


def short(number):
    """The number with its significant digits only."""
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 10 else f"{number:.2f}"
