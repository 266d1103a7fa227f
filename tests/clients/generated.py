"""The clients that the commands of docs/generated-clients.md generate from openapi.yaml."""

import atexit
import functools
import os
import re
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[2]
sys.path += [str(REPOSITORY / "tools"), str(REPOSITORY / "tests/openapi")]
from providers import providers  # noqa: E402

PAGE = (REPOSITORY / "docs/generated-clients.md").read_text()
SCHEMAS = yaml.safe_load((REPOSITORY / "openapi.yaml").read_text())["components"]["schemas"]
PROVIDERS = {provider.name: provider for provider in providers()}
# Allowed by no default setting, so that each value of each field can be requested.
EVERYTHING = [
    flag
    for provider in PROVIDERS.values()
    for setting in provider.settings
    if setting.data["type"] == "choices"
    for flag in ("--set", f"{provider.name}:{setting.variable}={','.join(setting.data['values'])}")
]


def snippet(language):
    """The page's code in a language."""
    (code,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return code


def commands():
    """The arguments of each command of the page, by the name of its folder."""
    lines = snippet("sh").replace("\\\n", " ").splitlines()
    found = [shlex.split(line)[1:] for line in lines if line.startswith("openapi-generator-cli ")]
    return {arguments[arguments.index("-o") + 1]: arguments for arguments in found}


FOLDER = tempfile.TemporaryDirectory(prefix="voicemint-")
atexit.register(FOLDER.cleanup)


@functools.cache
def client(name):
    """The folder of a generated client, and what its generator said."""
    arguments = commands()[name]
    arguments[arguments.index("openapi.yaml")] = str(REPOSITORY / "openapi.yaml")
    program = Path(sys.executable).with_name("openapi-generator-cli")
    # It generates for some seconds only: the time is better not spent on optimizing its code.
    environment = os.environ | {"JAVA_OPTS": "-XX:TieredStopAtLevel=1"}
    done = subprocess.run([program, *arguments], cwd=FOLDER.name, env=environment, capture_output=True, text=True)
    said = done.stdout + done.stderr
    if done.returncode:
        raise AssertionError(said)
    return Path(FOLDER.name, name), said


def generate(*names):
    with ThreadPoolExecutor() as pool:
        list(pool.map(client, names))
