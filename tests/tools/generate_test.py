"""tools/generate.py: patterns of numbers, mistakes in a provider.toml, and stale files."""

import json
import re
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

REPOSITORY = Path(__file__).parents[2]
sys.path.append(str(REPOSITORY / "tools"))
import generate  # noqa: E402
from generate_template import all_of, number_pattern, template, unhashed  # noqa: E402
from generate_types import sockets, types  # noqa: E402
from providers import Invalid, Provider, fill_in, providers, shared_settings  # noqa: E402


class Generate(unittest.TestCase):
    def test_a_pattern_of_numbers_matches_these_and_no_others(self):
        for low, high in ((1, 3600), (1, 600), (60, 10800), (10, 7200), (60, 71940), (1, 1), (7, 93), (100, 999), (99, 1000)):
            pattern = re.compile(number_pattern(low, high))
            matched = [number for number in range(high + 200) if pattern.fullmatch(str(number))]
            self.assertEqual(matched, list(range(low, high + 1)), pattern.pattern)
            self.assertIsNone(pattern.fullmatch(f"0{low}"))
        self.assertEqual(number_pattern(60, 10800), r"[6-9]\d|[1-9]\d{2,3}|10[0-7]\d{2}|10800")

    def test_conditions_have_at_most_ten_terms(self):
        for count in (2, 10, 11, 25):
            text = all_of([f"!Equals [{number}, 0]" for number in range(count)], "")
            self.assertEqual(text.count("!Equals"), count)
            depths = [len(line) - len(line.lstrip()) for line in text.splitlines()]
            self.assertLessEqual(max(map(depths.count, set(depths))), 10)

    def test_texts_for_acme_become_those_of_a_provider(self):
        text = "an Acme Voice token of acme: AcmeUrl, voicemint_acme, voicemint-acme, ACME_API_KEY"
        expected = "a Gamma token of gamma-x: GammaXUrl, voicemint_gamma_x, voicemint-gamma-x, GAMMA_X_API_KEY"
        self.assertEqual(fill_in(text, "gamma-x", "Gamma", "GammaX"), expected)

    def test_a_mistake_in_a_provider_toml_is_reported_with_its_place(self):
        good = (REPOSITORY / "functions/cartesia/provider.toml").read_text()
        for old, new, reason in (
            ("title =", "titles =", "provider.toml: title is missing"),
            ('prefix = "Cartesia"', 'prefix = "cartesia"', "prefix must be CamelCase"),
            ('type = "switches"', 'type = "switch"', "field grants: type must be one of choice, constant"),
            ("[settings]", "[settings]\nMAX_EXPIRE_IN = { min = 1 }", "setting MAX_EXPIRE_IN: description, type is missing"),
            ("nullable", "nullables", "field grants: nullables is not known"),
            ("single_use =", "single_uses =", "response: single_uses is not known"),
            ("optional = [", 'optional = ["connected", ', "response: optional has connected, which the example lacks"),
            ("[smoke]", "[smoke", "provider.toml: "),
        ):
            with tempfile.TemporaryDirectory(prefix="voicemint-") as folder:
                Path(folder, "provider.toml").write_text(good.replace(old, new, 1))
                with self.assertRaisesRegex(Invalid, re.escape(reason)):
                    Provider(Path(folder), shared_settings())

    def test_what_sam_does_not_hash_changes_the_description_of_versions(self):
        base, block = ((REPOSITORY / "deploy" / name).read_text() for name in ("base.yaml", "provider.yaml"))
        known = unhashed(base, block)
        for old, new in (
            ("Timeout: 10 ", "Timeout: 11 "),
            ("Runtime: provided.al2023", "Runtime: provided.al2025"),
            ("Handler: bootstrap", "Handler: other"),
            ("LogGroup: !Ref AcmeLogs", "LogGroup: !Ref AccessLogs"),
        ):
            changed = [text.replace(old, new) for text in (base, block)]
            self.assertNotEqual(changed, [base, block], old)
            self.assertNotEqual(unhashed(*changed), known, old)
        self.assertEqual(unhashed(re.sub(r" # .*", "", base), block), known, "comments are not part of it")
        self.assertEqual(unhashed(base.replace("Default: 60/minute", "Default: 50/minute"), block), known)

    def test_the_types_have_the_fields_the_sockets_and_the_members_of_each_provider(self):
        text = types(known := providers())
        for provider in known:
            own = re.search(rf'(?ms)^  "?{provider.name}"?: {{$(.*?)^  }};$', text)[1]
            ask = re.search(r"(?ms)^    ask: {$(.*?)^    };$", own)[1]
            self.assertEqual(re.findall(r"(?m)^      (\w+)\?: ", ask), [field["name"] for field in provider.fields])
            names = sockets(provider)
            self.assertIn(f"socket: {' | '.join(map(json.dumps, names)) or 'never'};", own)
        self.assertIn('token_type?: "realtime_scribe" | "tts_websocket" | "batch_scribe" | undefined;', text)
        self.assertIn("single_use: boolean;", text, "a setting decides")
        self.assertIn("conversation_id?: string | undefined;", text)
        self.assertIn("session_expires_at: string;", text)
        self.assertEqual(text.count("socket: never;"), 1)

    def test_a_list_of_sockets_has_those_of_the_example(self):
        provider = next(of for of in providers() if of.name == "openai")
        provider.data["response"]["sockets"] = ["translation"]
        with self.assertRaisesRegex(Invalid, "sockets lacks realtime"):
            types([provider])

    def test_two_resources_of_one_name_are_refused(self):
        first, second, *_ = providers()
        second.prefix = first.prefix
        with self.assertRaisesRegex(ValueError, f"two .* with the name .*{first.prefix}"):
            template(REPOSITORY, [first, second])

    def test_a_file_that_is_out_of_date_is_named(self):
        self.assertIsNone(generate.main(["--check"]))
        files = generate.generated() | {"template.yaml": "other"}
        with mock.patch.object(generate, "generated", return_value=files):
            self.assertEqual(generate.main(["--check"]), "generate: out of date: template.yaml. Run make generate.")


if __name__ == "__main__":
    unittest.main()
