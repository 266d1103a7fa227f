"""The lines that `make dev` prints, typed into a shell as they stand there. VOICEMINT_DEV is the local command."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
sys.path.append(str(REPOSITORY / "tests" / "sdks"))
from serve import free_ports  # noqa: E402

READY = "Stop with Ctrl-C."


class FirstMinute(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        # Nothing of the machine's own: neither proxies nor keys of real providers.
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        flags = dict(zip(("--port", "--standins-port", "--tls-port"), map(str, free_ports(3))))
        self.server = subprocess.Popen(
            [os.environ["VOICEMINT_DEV"], *(word for pair in flags.items() for word in pair)],
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(self.stop)
        self.banner = []
        for line in self.server.stdout:
            self.banner.append(line.rstrip("\n"))
            if READY in line:
                break

    def stop(self):
        self.server.terminate()
        self.server.communicate()

    def type(self, line):
        # /tmp belongs to all on this machine.
        line = line.replace("/tmp/voicemint", f"{self.folder}/voicemint")
        return subprocess.run(
            ["sh", "-c", line], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=30
        )

    def copy_script(self):
        script = Path(self.folder, "tools", "speak")
        script.parent.mkdir()
        shutil.copy(REPOSITORY / "tools" / "speak", script)
        script.write_text(script.read_text().replace("/tmp/voicemint", f"{self.folder}/voicemint"))

    def test_they_sign_in_mint_and_speak_one_after_another(self):
        self.copy_script()
        lines = [line.strip() for line in self.banner if line.strip().startswith(("curl ", "tools/"))]
        self.assertEqual(len(lines), 3, self.banner)
        sign_in, mint, use = lines
        self.assertEqual(json.loads(self.type(sign_in).stdout)["user"], "ada")
        minted = json.loads(self.type(mint).stdout)
        self.assertTrue(minted["token"].startswith("standin_car_"))
        spoken = self.type(use)
        self.assertEqual((spoken.returncode, spoken.stderr), (0, ""))
        self.assertRegex(spoken.stdout, r"^200 audio/wav, \d{5,} bytes in ")
        self.assertTrue(Path(self.folder, "voicemint.wav").read_bytes().startswith(b"RIFF"))

    def test_each_line_ends_its_output_so_that_the_prompt_begins_a_new_one(self):
        self.copy_script()
        for line in [line for line in self.banner if line.strip().startswith(("curl ", "tools/"))]:
            self.assertTrue(self.type(line.strip()).stdout.endswith("\n"), line)

    def test_where_it_is_may_be_a_url(self):
        self.copy_script()
        sign_in, _, use = [line.strip() for line in self.banner if line.strip().startswith(("curl ", "tools/"))]
        self.type(sign_in)
        script, text, host = use.split(" ")
        for where in (f"http://{host}", f"http://{host}/", f"{host}/"):
            spoken = self.type(f"{script} {text} {where}")
            self.assertEqual((spoken.returncode, spoken.stderr), (0, ""), where)
        for where in (f"ws://{host}", f"http://{host}/cartesia/token", "''"):
            refused = self.type(f"{script} {text} {where}")
            self.assertEqual((refused.returncode, refused.stdout), (2, ""), where)
            self.assertRegex(refused.stderr, r"^tools/speak: .*tools/speak Hello http://localhost:8787\n$")

    def test_who_is_not_signed_in_is_told_so_and_no_sound_is_left(self):
        self.copy_script()
        use = next(line.strip() for line in self.banner if line.strip().startswith("tools/"))
        refused = self.type(use)
        self.assertEqual((refused.returncode, refused.stdout), (1, ""))
        self.assertIn("session_missing", refused.stderr)
        self.assertFalse(Path(self.folder, "voicemint.wav").exists())


if __name__ == "__main__":
    unittest.main()
