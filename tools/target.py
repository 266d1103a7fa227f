"""Where `make` deploys: the stack, region and profile of an environment in samconfig.toml, which sam
reads too.
"""

import argparse
import tomllib
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / "samconfig.toml"


class Failed(Exception):
    """Its message is one sentence: the error, and what to do."""


@dataclass(frozen=True)
class Target:
    stack: str
    region: str | None = None
    profile: str | None = None

    def client(self, service):
        # Imported here: smoke.py needs only the standard library for URLs.
        from aws import client

        return client(service, region=self.region, profile=self.profile)


def parser(description):
    """A parser with the flags that sam has too. They take precedence over samconfig.toml."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--config-env", metavar="ENV", help="an environment in samconfig.toml")
    made.add_argument("--stack-name", metavar="STACK", help="another stack than the environment's")
    made.add_argument("--region", help="another region than the environment's")
    made.add_argument("--profile", help="another profile of the AWS configuration than the environment's")
    return made


def target(given):
    """The target of parsed flags; None without a stack."""
    known = settings(given.config_env) if given.config_env else {}
    stack = given.stack_name or known.get("stack_name")
    if given.config_env and not stack:
        raise Failed(f"samconfig.toml has no stack_name for {given.config_env}: add it, or name the stack with --stack-name")
    return Target(stack, given.region or known.get("region"), given.profile or known.get("profile")) if stack else None


def settings(env):
    """What samconfig.toml says about `sam deploy` in an environment."""
    try:
        config = tomllib.loads(FILE.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise Failed(f"cannot read samconfig.toml: {error}") from None
    if env not in config:
        raise Failed(f"samconfig.toml has no environment {env}: add [{env}.deploy.parameters], as a copy of another environment")
    of = config[env]
    return of.get("global", {}).get("parameters", {}) | of.get("deploy", {}).get("parameters", {})
