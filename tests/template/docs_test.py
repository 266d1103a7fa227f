"""Links and parameters in the documents exist."""

import re
import unittest

from stack import ROOT, source

PAGES = [
    ROOT / name
    for name in (
        "README.md",
        "SECURITY.md",
        "docs/deploy.md",
        "docs/event-sources.md",
        "docs/limits.md",
        "docs/operations.md",
        "docs/sessions.md",
        "docs/settings.md",
    )
]
# Names that look like parameters of the template: attributes of cookies, and the parameter of the
# templates in docs/event-sources.md.
OTHERS = {"Domain", "SameSite", "FunctionName"}


def anchors(page):
    text = page.read_text()
    titles = re.findall(r"(?m)^#+ (.+)$", re.sub(r"(?ms)^```.*?^```$", "", text))
    slugs = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
    return slugs | set(re.findall(r'<a id="([\w-]+)"></a>', text))


class Documents(unittest.TestCase):
    def test_targets_of_links_within_the_repository_exist(self):
        for page in PAGES:
            for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text()):
                path, _, anchor = link.partition("#")
                target = (page.parent / path).resolve() if path else page
                self.assertTrue(target.exists(), f"{page.name}: {link}")
                if anchor:
                    self.assertIn(anchor, anchors(target), f"{page.name}: {link}")

    def test_parameters_and_outputs_in_the_documents_exist(self):
        parameters, outputs = set(source()["Parameters"]), set(source()["Outputs"])
        for page in PAGES:
            given = set(re.findall(r"\b([A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*)=(?!=)", page.read_text())) - OTHERS
            self.assertLessEqual(given, parameters, page.name)
        named = set(re.findall(r"output `(\w+)`", "".join(page.read_text() for page in PAGES)))
        self.assertTrue(named)
        self.assertLessEqual(named, outputs)


if __name__ == "__main__":
    unittest.main()
