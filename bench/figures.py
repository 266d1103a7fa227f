"""What is made of the rounds' values: medians, quartiles, and ratios within a round, which noise leaves alone."""

import math
import statistics
from dataclasses import dataclass


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
BY_KEY = {figure.key: figure for figure in FIGURES}


NAMES = {
    "floor": "floor",
    "cartesia": "Cartesia",
    "elevenlabs": "ElevenLabs",
    "assemblyai": "AssemblyAI",
    "node": "Node.js",
    "python": "Python",
}


class Results:
    def __init__(self, values):
        self._values = values

    def has(self, contestant, key):
        return key in self._values[contestant]

    def median(self, contestant, key):
        return statistics.median(self._values[contestant][key])

    def quartiles(self, contestant, key):
        """Between which half of the rounds are."""
        values = self._values[contestant][key]
        if len(values) < 2:
            return values[0], values[0]
        lower, _, upper = statistics.quantiles(values, n=4, method="inclusive")
        return lower, upper

    def ratio(self, contestant, other, key):
        """How many times the other's: the median of the rounds' own ratios."""
        pairs = zip(self._values[contestant][key], self._values[other][key], strict=True)
        # Of two in the middle the geometric mean: then the ratio the other way round is just its inverse.
        return math.exp(statistics.median(math.log(ours / theirs) for ours, theirs in pairs))


def short(number):
    """A number with as many digits as can be believed."""
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 10 else f"{number:.2f}"
