"""Tests of the figures, budgets and documents, with made-up values."""

import re
import tempfile
import unittest
from pathlib import Path
from unittest import mock
from xml.etree import ElementTree

import budgets
import distance
import plot
import report
from figures import FIGURES, NAMES, TLS_FIGURES, VOICEMINT, WITHOUT_TLS, Results, short


def results(**amounts):
    """Results of three rounds in which every figure is 1, except for the given amounts."""
    values = {name: {figure.key: [1.0, 1.0, 1.0] for figure in FIGURES} | {"zip_mb": [1.0]} for name in NAMES}
    for name in NAMES.keys() - {"floor"}:
        values[name] |= {figure.key: [3.0, 3.0, 3.0] for figure in TLS_FIGURES} | {"first_ms": [1.0, 1.0, 1.0]}
    for name in VOICEMINT.keys() - {"cartesia"}:
        del values[name]["resumed_us"], values[name]["resumed_new_us"]
    for name, factor in {"node": 100, "python": 100}.items():
        values[name] = {key: [factor * value for value in rounds] for key, rounds in values[name].items()}
    for name, changed in amounts.items():
        values.setdefault(name, {}).update(changed)
    values["moto"] = {"response_ms": [3.0]}
    values["remote"] = {key: [200.0] * 3 for key in distance.CASES}
    return Results(values)


class FiguresTest(unittest.TestCase):
    def test_a_ratio_compares_values_of_the_same_round(self):
        slow = results(floor={"cold_ms": [1, 10, 100]}, cartesia={"cold_ms": [2, 20, 200]})
        self.assertAlmostEqual(slow.ratio("cartesia", "floor", "cold_ms"), 2)
        even = results(floor={"cold_ms": [1, 1]}, cartesia={"cold_ms": [2, 8]})
        self.assertAlmostEqual(even.ratio("cartesia", "floor", "cold_ms"), 4)
        self.assertAlmostEqual(even.ratio("floor", "cartesia", "cold_ms"), 1 / 4)

    def test_a_difference_compares_values_of_the_same_round(self):
        slow = results(cartesia={"tls_cold_ms": [4, 13, 204], "cold_ms": [1, 10, 100]})
        self.assertEqual(slow.difference("cartesia", "tls_cold_ms", WITHOUT_TLS["tls_cold_ms"]), 3)

    def test_numbers_have_only_significant_digits(self):
        self.assertEqual([short(number) for number in (1234.5, 12.34, 1.234)], ["1,234", "12.3", "1.23"])

    def test_a_value_at_the_maximum_is_within_budget_and_a_value_above_it_is_not(self):
        self.assertEqual(list(budgets.overruns(results())), [])
        at_maximum = results(elevenlabs={"cold_cpu_ms": [4.0] * 3}, assemblyai={"zip_mb": [4.0]}, cartesia={"zip_mb": [3.9]})
        self.assertEqual(list(budgets.overruns(at_maximum)), [])
        over = results(elevenlabs={"cold_cpu_ms": [8.0] * 3}, cartesia={"zip_mb": [4.4]})
        expected = [
            "CPU of a cold start of ElevenLabs is 8 × the floor's; the maximum is 4 × the floor's: exceeded by 100.0%.",
            "CPU of a cold start of ElevenLabs is 1/12.5 of Node.js's; the maximum is 1/20 of Node.js's: "
            "exceeded by 60.0%.",
            "zip of Cartesia is 4.40 MB; the maximum is 4 MB: exceeded by 10.0%.",
        ]
        self.assertEqual(list(budgets.overruns(over)), expected)


    def test_a_start_that_loads_profiles_has_a_budget_of_its_own(self):
        within, above = budgets.START_WITH_PROFILES, budgets.START_WITH_PROFILES + 0.01
        self.assertEqual(list(budgets.instruction_overruns("Gemini", True, budgets.MINT, within)), [])
        expected = [f"A start of Gemini takes {above:.2f} × Cartesia's instructions; the maximum is {within} ×."]
        self.assertEqual(list(budgets.instruction_overruns("Gemini", True, 1, above)), expected)
        self.assertEqual(len(list(budgets.instruction_overruns("Soniox", False, 2, within))), 2)


class DocumentsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.page, self.readme = Path(folder.name, "page.md"), Path(folder.name, "readme.md")
        self.plot = Path(folder.name, "plot.svg")

    def write(self, text):
        self.page.write_text(text)
        self.readme.write_text(text)
        with (
            mock.patch.multiple(report, PAGE=self.page, README=self.readme),
            mock.patch.object(report, "heading", lambda *_: "When"),
        ):
            report.write(results(), 3)
        return self.page.read_text()

    def test_the_tables_are_replaced_and_the_text_around_them_is_kept(self):
        written = self.write(f"before\n{report.BEGIN}\noutdated\n{report.END}\nafter\n")
        self.assertTrue(written.startswith("before\n") and written.endswith("after\n"))
        self.assertNotIn("outdated", written)
        self.assertIn("| CPU of a resumed request | 1.6 × the floor's | 1 × | 1 × (Cartesia) | yes |", written)
        readme = self.readme.read_text()
        self.assertIn("| cold start, ms | 1.00 | 1.00 (1.00 ×) | 100 (100 ×) | 100 (100 ×) |", readme)
        self.assertEqual(len(re.findall(r"(?m)^\| \w", readme)), len(report.README_FIGURES))
        self.assertIn("| | cold start, ms | ", written)
        self.assertIn("| Cartesia | 3.00 | 2.00 | 3.00 | 2.00 | 3.00 | 2.00 |", written)
        self.assertIn("| Node.js | 300 (100 ×) | 200 |", written)
        self.assertNotIn("| floor | 3", written)
        self.assertIn("| on this machine | 200 (200–200) | 200 (200–200) |", written)
        self.assertEqual(self.write(written), written)

    def test_a_page_without_markers_is_not_changed(self):
        with self.assertRaises(SystemExit):
            self.write("no markers")
        self.assertEqual(self.page.read_text(), "no markers")

    def test_the_plot_is_xml_with_a_text_description(self):
        with mock.patch.object(plot, "PATH", self.plot):
            plot.write(results(), 3)
        root = ElementTree.parse(self.plot).getroot()
        self.assertIn("cold start, in ms: floor 1.00, Voicemint 1.00, Node.js 100", "".join(root.itertext()))
        self.assertEqual(root.get("role"), "img")


if __name__ == "__main__":
    unittest.main()
