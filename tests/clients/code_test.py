"""The generated code: each type has a name of openapi.yaml, and Swift and Kotlin can be parsed."""

import ast
import re
import unittest
from importlib import metadata

import tree_sitter
import tree_sitter_kotlin
import tree_sitter_swift
from generated import PAGE, PROVIDERS, SCHEMAS, client, commands, generate, snippet

# The types of numbers and texts are those of the language.
NAMED = {name for name, schema in SCHEMAS.items() if "properties" in schema or "allOf" in schema or "enum" in schema}
# OpenAPI 3.1 is new to the generator, and it looks for names of types in `not`.
EXPECTED = ("OpenAPI 3.1 support is still in beta", "Failed to get the schema name: null")


def setUpModule():
    generate("python", "kotlin", "swift")


def parse(language, code):
    return tree_sitter.Parser(tree_sitter.Language(language.language())).parse(code.encode()).root_node


def files(name, pattern):
    found = sorted(client(name)[0].glob(pattern))
    assert found, f"{name} has no {pattern}"
    return found


class Code(unittest.TestCase):
    def test_the_page_names_the_generator_that_is_tested(self):
        self.assertEqual(set(commands()), {"python", "kotlin", "swift"})
        self.assertEqual(set(re.findall(r"7\.\d+\.\d+", PAGE)), {metadata.version("openapi-generator-cli")})

    def test_the_generators_warn_of_nothing_else(self):
        for name in commands():
            said = [line for line in client(name)[1].splitlines() if re.search(r"WARN|ERROR|Exception", line)]
            self.assertEqual([line for line in said if not any(known in line for known in EXPECTED)], [], name)
            self.assertTrue(said, "the output is no longer understood")

    def test_types_have_the_names_of_the_document(self):
        python = {node.name for file in files("python", "voicemint_client/models/*.py") for node in ast.parse(file.read_text()).body if isinstance(node, ast.ClassDef)}
        self.assertEqual(python, NAMED)
        for name, pattern in (("kotlin", "src/main/**/models/*.kt"), ("swift", "Sources/*/Models/*.swift")):
            self.assertEqual({file.stem for file in files(name, pattern)}, NAMED, name)

    def test_each_provider_has_its_operations_and_no_preflight(self):
        for provider in PROVIDERS.values():
            of = provider.prefix
            methods = {f"mint{of}Token", f"mint{of}TokenByQuery", f"signOutOf{of}"}
            (kotlin,) = [file for file in files("kotlin", "src/main/**/apis/*.kt") if f"mint{of}Token(" in file.read_text()]
            self.assertEqual({name for name in re.findall(r"fun (\w+)\(", kotlin.read_text()) if "Http" not in name and "Config" not in name} - {"encodeURIComponent"}, methods)
            (swift,) = [file for file in files("swift", "Sources/*/APIs/*.swift") if f"mint{of}Token(" in file.read_text()]
            self.assertEqual({name for name in re.findall(r"func (\w+)\(", swift.read_text()) if "Builder" not in name}, methods)

    def test_swift_can_be_parsed(self):
        """What does not follow from the document is left out: the parser does not know all of it."""
        for file in files("swift", "Sources/*/Models/*.swift") + files("swift", "Sources/*/APIs/*.swift"):
            self.assertFalse(parse(tree_sitter_swift, file.read_text()).has_error, file.name)
        self.assertFalse(parse(tree_sitter_swift, snippet("swift")).has_error)

    def test_kotlin_can_be_parsed(self):
        for file in files("kotlin", "src/main/**/*.kt"):
            self.assertFalse(parse(tree_sitter_kotlin, file.read_text()).has_error, file.name)
        self.assertFalse(parse(tree_sitter_kotlin, snippet("kotlin")).has_error)

    def test_no_member_has_a_type_of_any_value(self):
        for file in files("kotlin", "src/main/**/models/*.kt"):
            self.assertNotRegex(file.read_text(), r"val \w+: kotlin\.Any", file.name)
        for file in files("swift", "Sources/*/Models/*.swift"):
            self.assertNotRegex(file.read_text(), r"var \w+: JSONValue", file.name)
        for file in files("python", "voicemint_client/models/*.py"):
            self.assertNotRegex(file.read_text(), r"(?m)^    \w+: (Optional\[)?Any\b", file.name)


if __name__ == "__main__":
    unittest.main()
