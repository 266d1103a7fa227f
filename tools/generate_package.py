"""The generated modules of the npm package in web/: each provider's client.js and its types, and a
CommonJS version of every module. They are in the repository, so that the folder can be
installed or copied as it is.
"""

import json
import re

from providers import ROOT, Invalid

# The worklet runs on the audio thread, where nothing is imported.
WORKLET = "worklet.js"
WORKLET_TEXT = "web/worklet-text.js"


def package(known, types):
    """Each generated file of the package, and what it must contain. `types` are generated too."""
    modules = types | {WORKLET_TEXT: worklet_text((ROOT / "web" / WORKLET).read_text())}
    for of in known:
        for ending in (".js", ".d.ts"):
            if (source := ROOT / f"functions/{of.name}/client{ending}").exists():
                modules[f"web/providers/{of.name}{ending}"] = of_provider(source)
    paths = sorted(path for ending in ("js", "d.ts") for path in (ROOT / "web").glob(f"*.{ending}") if path.name != WORKLET)
    every = {f"web/{path.name}": path.read_text() for path in paths} | modules
    return modules | {common(name): commonjs(name, text) for name, text in every.items()}


def header(source):
    return f"// Generated from {source} by `make generate`. Do not edit.\n"


def of_provider(source):
    """A provider's module, with its imports as they are in the package."""
    text = source.read_text().replace('from "../../web/', 'from "../')
    return f"{header(source.relative_to(ROOT))}\n{text}"


def worklet_text(code):
    lines = [line.strip() for line in code.splitlines()]
    text = "\n".join(line for line in lines if line and not line.startswith("//"))
    return f"{header('web/' + WORKLET)}\nexport const WORKLET = {json.dumps(text, ensure_ascii=False)};\n"


def common(name):
    return re.sub(r"(\.d)?\.[jt]s$", lambda ending: ".d.cts" if ending[1] else ".cjs", name)


def commonjs(name, text):
    """A module for `require`. The modules use only the forms of import and export that are known here."""
    text = text.removeprefix(text.split("\n\n")[0] + "\n\n") if text.startswith("// Generated") else text
    if name.endswith(".d.ts"):
        return header(name) + "\n" + re.sub(r'(from "\.[^"]*)\.js"', r'\1.cjs"', text)
    text = re.sub(r'^import (\{[^}]*\}) from "(\.[^"]*)\.js";$', r'const \1 = require("\2.cjs");', text, flags=re.M)
    exported = re.findall(r"^export (?:class|const|(?:async )?function) (\w+)", text, re.M)
    text = re.sub(r"^export (?=class |const |async |function )", "", text, flags=re.M)
    if left := re.search(r"^(import|export)\b.*", text, re.M):
        raise Invalid(f"{name}: this line has no CommonJS version: {left[0]}")
    return f'{header(name)}"use strict";\n\n{text}\nmodule.exports = {{ {", ".join(exported)} }};\n'
