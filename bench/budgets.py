"""The budget of each function of Voicemint."""

from dataclasses import dataclass

from figures import BY_KEY, NAMES, VOICEMINT, short


@dataclass(frozen=True)
class Budget:
    key: str
    maximum: float
    # The function whose figure the maximum is a multiple of. None: the maximum is an absolute
    # amount.
    of: str | None = None

    @property
    def title(self):
        return BY_KEY[self.key].title

    @property
    def limit(self):
        return self.compared(self.maximum)

    def figure(self, results, function):
        """The function's figure, or None if the function does not do what the figure measures."""
        if not results.has(function, self.key):
            return None
        if self.of is None:
            return results.median(function, self.key)
        return results.ratio(function, self.of, self.key)

    def worst(self, results):
        """The function with the highest figure, and the figure."""
        figures = {function: self.figure(results, function) for function in VOICEMINT}
        return max(((name, figure) for name, figure in figures.items() if figure is not None), key=lambda named: named[1])

    def compared(self, figure):
        """The figure as text, with the function that it is compared to."""
        whose = {None: "", "floor": " the floor's"}.get(self.of, f" {NAMES.get(self.of)}'s")
        return self.text(figure) + whose

    def text(self, figure):
        if self.of is None:
            return f"{short(figure).removesuffix('.00').removesuffix('.0')} {BY_KEY[self.key].unit}"
        return f"1/{1 / figure:.3g} of" if figure < 0.5 else f"{figure:.3g} ×"


BUDGETS = [
    Budget("cold_cpu_ms", 4, "floor"),
    Budget("cold_cpu_ms", 1 / 20, "node"),
    Budget("cold_ms", 3, "floor"),
    Budget("cold_ms", 1 / 12, "node"),
    Budget("cold_ms", 1 / 25, "python"),
    Budget("rs256_us", 2.5, "floor"),
    Budget("rs256_us", 1 / 5, "node"),
    Budget("rs256_us", 1 / 3.5, "python"),
    Budget("resumed_us", 1.6, "floor"),
    Budget("memory_mb", 10),
    Budget("memory_mb", 1.1, "cartesia"),
    Budget("zip_mb", 4),
    Budget("zip_mb", 1.1, "cartesia"),
]


def overruns(results):
    """One sentence for each budget that is exceeded."""
    for budget in BUDGETS:
        for function in VOICEMINT:
            figure = budget.figure(results, function)
            if figure is not None and figure > budget.maximum:
                found = f"{budget.title} of {NAMES[function]} is {budget.compared(figure)}"
                excess = (figure / budget.maximum - 1) * 100
                yield f"{found}; the maximum is {budget.limit}: exceeded by {excess:.1f}%."


# Of the instructions that callgrind counts, as multiples of Cartesia's: a mint, a start, and a start
# that loads profiles too, which are a second secret.
MINT, START, START_WITH_PROFILES = 1.1, 1.1, 1.35


def instruction_overruns(title, has_profiles, mint, start):
    """One sentence for each budget of instructions that is exceeded."""
    limit = START_WITH_PROFILES if has_profiles else START
    for what, multiple, maximum in (("A mint", mint, MINT), ("A start", start, limit)):
        if multiple > maximum:
            yield f"{what} of {title} takes {multiple:.2f} × Cartesia's instructions; the maximum is {maximum} ×."
