"""Runs `sam deploy` with two more parameters: `make deploy-built`.

    deploy.py --sam SAM --arch ARCH --config-env ENV [FLAGS OF SAM]

Release is the commit and the time: Lambda publishes a version only if it differs from the last one,
and after a canary that was rolled back the last one is that canary. Architecture is what was built.
sam takes parameters either from its flag or from samconfig.toml, so this adds them to those.
"""

import argparse
import os
import re
import subprocess
import sys
import time

from target import FILE, Failed, settings

FLAG = "--parameter-overrides"
# With a longer name, CloudFormation shortens the name of the CodeDeploy application, to which a
# permission of the template refers by the stack's name.
MAX_STACK_NAME = 55


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sam", required=True)
    parser.add_argument("--arch", required=True)
    parser.add_argument("--config-env", required=True)
    given, flags = parser.parse_known_args(arguments)
    try:
        config = settings(given.config_env)
        stack = flags[flags.index("--stack-name") + 1] if "--stack-name" in flags else config.get("stack_name", "")
        if len(stack) > MAX_STACK_NAME:
            raise Failed(f"{stack} has more than {MAX_STACK_NAME} characters: choose a shorter stack_name")
        ours = [f"Architecture={given.arch}", f"Release={release()}"]
        command = [given.sam, "deploy", "--config-env", given.config_env, *merged(flags, config, ours)]
    except Failed as error:
        return f"deploy: {error}"
    return subprocess.run(command, check=False, cwd=FILE.parent).returncode


def merged(flags, config, ours):
    """The flags for sam, with these parameters in addition to those of the flags or of the file."""
    if FLAG in flags:
        place = flags.index(FLAG) + 1
        rest = flags[place:]
        count = next((at for at, word in enumerate(rest) if word.startswith("--")), len(rest))
        theirs, before, after = rest[:count], flags[: place - 1], rest[count:]
    else:
        theirs, before, after = from_file(config.get("parameter_overrides", [])), flags, []
    for name, wanted in (one.split("=", 1) for one in ours):
        for value in re.findall(rf"""(?<!\w){name}=["']?([^\s"']*)""", " ".join(theirs)):
            if name == "Architecture" and value != wanted:
                raise Failed(f"Architecture={value} is not what is built, {wanted}: remove it, and call make with ARCH={value}")
    # sam takes the last value of a name.
    return [*before, FLAG, *theirs, *ours, *after]


def from_file(given):
    """parameter_overrides as words of a command: a text, a list of texts, or a table."""
    if isinstance(given, dict):
        return [f'{name}="{value}"' for name, value in given.items()]
    return [given] if isinstance(given, str) and given else list(given)


def release():
    """RELEASE, if the workflow sets it, or else the commit and the time."""
    if given := os.environ.get("RELEASE"):
        return given
    command = ["git", "-C", str(FILE.parent), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return f"{done.stdout.strip() or 'unknown'}-{int(time.time())}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
