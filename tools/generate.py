"""Writes what follows from functions/*/provider.toml: `make generate`.

    generate.py             writes the files
    generate.py --check     changes nothing, and fails if a file is out of date
"""

import argparse
import json
import sys

from generate_template import template
from providers import ROOT, Invalid, providers


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="fail if a file is out of date")
    check = parser.parse_args(arguments).check
    try:
        files = generated()
    except (Invalid, ValueError) as error:
        return f"generate: {error}"
    stale = [name for name, text in files.items() if not (ROOT / name).exists() or (ROOT / name).read_text() != text]
    if check:
        return f"generate: out of date: {', '.join(stale)}. Run make generate." if stale else None
    for name in stale:
        (ROOT / name).write_text(files[name])
        print(f"wrote {name}")


def generated():
    """Each generated file, and what it must contain."""
    known = providers()
    return {
        "template.yaml": template(ROOT, known),
        "env.local.example.json": settings_of_sam_local(known),
    }


def settings_of_sam_local(known):
    """The file as it is, with one entry per function."""
    kept = json.loads((ROOT / "env.local.example.json").read_text())["Parameters"]
    functions = [f'  "{of.prefix}Function": {{ "API_KEY_SECRET_ID": "{of.name}" }}' for of in known]
    shared = json.dumps({"Parameters": kept}, indent=2).removesuffix("\n}")
    return ",\n".join([shared, *functions]) + "\n}\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
