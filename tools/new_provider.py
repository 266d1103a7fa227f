"""Adds a provider: `make new-provider NAME=acme`.

Makes functions/NAME from tools/provider-template, adds it to the lists of the local command, and
writes the generated files. The comments in the new folder say what to fill in.
"""

import argparse
import re
import subprocess
import sys

import generate
from providers import ROOT, Invalid, camel, fill_in, providers

TEMPLATE = ROOT / "tools/provider-template"
# The lists of providers outside of the folder. In each, a comment with this marker has the form of
# a provider's line, and such lines go above it.
LISTS = ("dev/Cargo.toml", "dev/src/providers.rs")
MARKER = r"(?m)^([ \t]*)(?:#|//) make new-provider: (.+)\n"


class Refused(Exception):
    """Why a provider cannot be added, in a sentence."""


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", metavar="NAME", help="in paths, file names and settings, such as acme or acme-agents")
    parser.add_argument("--title", metavar="TITLE", help="in prose, such as ElevenLabs; else NAME with capital letters")
    given = parser.parse_args(arguments)
    title = given.title or " ".join(part.capitalize() for part in given.name.split("-"))
    try:
        check(given.name, title, prefix := prefix_of(given.name, given.title))
        files = {f"functions/{given.name}/{path.relative_to(TEMPLATE)}": path.read_text() for path in sorted(TEMPLATE.rglob("*.*"))}
        files = {path: fill_in(text, given.name, title, prefix) for path, text in files.items()}
        lists = {path: with_line(path, given.name, title, prefix) for path in LISTS}
    except (Refused, Invalid) as error:
        return f"new-provider: {error}"
    for path, text in (files | {path: text for path, text in lists.items() if text}).items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text)
        print(f"wrote {path}")
    if failed := generate.main([]) or lock(given.name):
        return failed
    for path in [path for path, text in lists.items() if not text]:
        print(f"Add the provider to {path} yourself: it has no line with 'make new-provider:'.")
    print(f"The comments in functions/{given.name} say what to fill in.")


def prefix_of(name, title):
    words = re.sub(r"[^A-Za-z0-9]", "", title) if title else camel(name)
    return words[:1].upper() + words[1:]


def check(name, title, prefix):
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise Refused(f"{name!r} is not a valid name: use lower-case letters, digits, and single hyphens between them, such as acme-agents")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 .&+-]*", title) or not re.fullmatch(r"[A-Z][A-Za-z0-9]*", prefix):
        raise Refused(f"{title!r} is not a valid title: begin with a letter, and use letters, digits, spaces and .&+-")
    if (ROOT / "functions" / name).exists():
        raise Refused(f"functions/{name} exists already")
    if f'name = "voicemint-{name}"' in (ROOT / "Cargo.lock").read_text():
        raise Refused(f"there is another package with the name voicemint-{name}")
    for other in providers():
        if other.prefix.lower() == prefix.lower():
            raise Refused(f"{other.name} has the prefix {other.prefix} already: give another title")


def with_line(path, name, title, prefix):
    """A list with one more line above each marker; None if it has no marker."""
    text = (ROOT / path).read_text() if (ROOT / path).exists() else ""
    if not re.search(MARKER, text):
        return None
    return re.sub(MARKER, lambda hit: f"{hit[1]}{fill_in(hit[2], name, title, prefix)}\n{hit[0]}", text)


def lock(name):
    """Adds the packages to Cargo.lock, as `cargo --locked` adds none, and formats them: the lines of
    the template are as long as the name permits.
    """
    packages = [f"--package=voicemint-{name}", f"--package=voicemint-{name}-stand-in"]
    for command in (["cargo", "update", "--workspace", "--offline", "--quiet"], ["cargo", "fmt", *packages]):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            return f"new-provider: {' '.join(command)} failed: {done.stderr}"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
