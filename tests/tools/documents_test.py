"""Files, headings, code and commands that the documents name exist."""

import re
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "web/README.md"]
DOCUMENTS += [str(path.relative_to(REPOSITORY)) for folder in ("docs", "functions/*") for path in REPOSITORY.glob(f"{folder}/*.md")]
OWN_URL = re.compile(r"https://github\.com/voicemint/voicemint(?:/(?:blob|tree)/main/|(?=#)|$)")
FOLDERS = {path.name for path in REPOSITORY.iterdir() if path.is_dir()}


def prose(name):
    return (REPOSITORY / name).read_text()


def anchors(name):
    """The targets of links: GitHub's anchors of headings, and explicit anchors."""
    text = prose(name)
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    generated = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return generated | set(re.findall(r'<a id="([\w-]+)">', text))


def target_of(name, link):
    """The file and the anchor that a link in a document names; None if it leads to another site."""
    own = OWN_URL.match(link)
    if "://" in link and not own:
        return None
    path, _, anchor = (OWN_URL.sub("", link) if own else link).partition("#")
    if own:
        # The npm package carries web/README.md, so its links are absolute.
        return REPOSITORY / (path or "README.md"), anchor
    return ((REPOSITORY / name).parent / path).resolve() if path else REPOSITORY / name, anchor


class Documents(unittest.TestCase):
    def test_targets_of_links_exist(self):
        for name in DOCUMENTS:
            for link in re.findall(r"\]\(([^)\s]+)\)", prose(name)):
                target = target_of(name, link)
                if target is None:
                    continue
                path, anchor = target
                self.assertTrue(path.exists(), f"{name}: {link}")
                if anchor:
                    self.assertIn(anchor, anchors(path.relative_to(REPOSITORY)), f"{name}: {link}")

    def test_the_readme_is_short(self):
        self.assertLessEqual(len(prose("README.md").splitlines()), 150)

    def test_modules_that_the_architecture_page_names_exist(self):
        named = re.findall(r"`([a-z_]+(?:/[a-z_]+)*(?:/|\.rs))`", prose("docs/architecture.md"))
        self.assertGreater(len(named), 40)
        for path in named:
            # A path of the repository, or of the broker.
            places = [REPOSITORY / path, REPOSITORY / "shared/src" / path]
            self.assertTrue(any(place.exists() for place in places), path)

    def test_named_files_exist(self):
        named = 0
        for name in DOCUMENTS:
            for path in re.findall(r"`([\w.][\w./-]*/[\w./-]*)`", prose(name)):
                # Paths outside of the repository's folders are routes or media types. acme is an
                # example.
                if path.split("/")[0] not in FOLDERS or "acme" in path:
                    continue
                named += 1
                self.assertTrue((REPOSITORY / path).exists(), f"{name}: {path}")
        self.assertGreater(named, 40)

    def test_reasons_for_which_a_session_is_refused_are_those_of_the_table(self):
        table = prose("docs/sessions.md").split("## Why a session is refused")[1].split("\n## ")[0]
        cells = [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| `")]
        rows = [reason for cell in cells[1:] for reason in re.findall(r"`([^`]+)`", cell)]
        patterns = {row: re.compile(".*".join(map(re.escape, row.split("…")))) for row in rows}
        code = (REPOSITORY / "shared/src/session/reason.rs").read_text()
        variants = code.split("pub enum Reason {")[1].split("\n}\n")[0]
        attributes = re.findall(r'#\[error\(\s*"((?:[^"\\]|\\\n)*)"\s*\)\]\s*(\w+)', variants)
        names = re.findall(r"^    ([A-Z]\w+)(?: \{|\(|,)", variants, re.M)
        self.assertEqual([name for _, name in attributes], names, "each variant has a text")
        texts = {re.sub(r"\\\n\s*", "", text) for text, _ in attributes}
        # The one variant without a text of its own passes on what the secrets' cache says.
        texts.remove("{0}")
        texts |= set(re.findall(r'pub(?:\(crate\))? const \w+: &str =\s*"([^"]+)";', code))
        self.assertGreater(len(texts), 80)
        unexplained = [text for text in texts if not any(p.fullmatch(text) for p in patterns.values())]
        self.assertEqual(sorted(unexplained), [])
        unknown = [row for row, p in patterns.items() if not any(map(p.fullmatch, texts))]
        self.assertEqual(unknown, [])

    def test_code_that_contributing_names_exists(self):
        for file, names in {
            "shared/src/session/idp/mod.rs": ["IDPS"],
            "shared/src/session/idp/definition.rs": ["struct Idp"],
            "shared/src/session/settings/authenticator.rs": ["enum AuthenticatorSettings"],
            "shared/src/session/settings/mod.rs": ["OTHER_KINDS"],
            "shared/src/session/verifier.rs": ["enum Authenticator"],
            "shared/src/session/cookie/mod.rs": ["enum CookieFormat"],
            "dev/stand-in/src/standin.rs": ["trait Standin"],
            "dev/stand-in/src/account.rs": ["struct Account", "fn redeem"],
            "dev/src/providers.rs": ["PROVIDERS"],
            "dev/src/identity/kinds/mod.rs": ["enum Kind", "const ALL", "fn session_kind"],
            "template.yaml": ["WhoseSessions", "ForWhomSessions"],
        }.items():
            for name in names:
                self.assertIn(name, (REPOSITORY / file).read_text(), file)

    def test_commands_of_make_exist(self):
        targets = set(re.findall(r"^([a-z][a-z0-9-]*):", (REPOSITORY / "Makefile").read_text(), re.M))
        for name in DOCUMENTS:
            for target in re.findall(r"(?:`|^|&& |\|\| )make ([a-z][a-z0-9-]*)", prose(name), re.M):
                self.assertIn(target, targets, name)


if __name__ == "__main__":
    unittest.main()
