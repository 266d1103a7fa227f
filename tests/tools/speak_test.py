"""The commands that `make dev` prints work in a shell. VOICEMINT_DEV is the local command."""

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
        # Without the machine's variables, such as proxies and keys of real providers.
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

    def run_line(self, line):
        # Other processes may use /tmp/voicemint.
        line = line.replace("/tmp/voicemint", f"{self.folder}/voicemint")
        return subprocess.run(
            ["sh", "-c", line], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=30
        )

    def copy_script(self):
        script = Path(self.folder, "tools", "speak")
        script.parent.mkdir()
        shutil.copy(REPOSITORY / "tools" / "speak", script)
        script.write_text(script.read_text().replace("/tmp/voicemint", f"{self.folder}/voicemint"))

    def test_they_sign_in_mint_and_synthesize_in_this_order(self):
        self.copy_script()
        lines = [line.strip() for line in self.banner if line.strip().startswith(("curl ", "tools/"))]
        self.assertEqual(len(lines), 3, self.banner)
        sign_in, mint, use = lines
        self.assertEqual(json.loads(self.run_line(sign_in).stdout)["user"], "ada")
        minted = json.loads(self.run_line(mint).stdout)
        self.assertTrue(minted["token"].startswith("standin_car_"))
        result = self.run_line(use)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(result.stdout, r"^200 audio/wav, \d{5,} bytes in ")
        self.assertTrue(Path(self.folder, "voicemint.wav").read_bytes().startswith(b"RIFF"))

    def test_the_output_of_each_ends_with_a_newline(self):
        self.copy_script()
        for line in [line for line in self.banner if line.strip().startswith(("curl ", "tools/"))]:
            self.assertTrue(self.run_line(line.strip()).stdout.endswith("\n"), line)

    def test_the_address_may_be_a_url(self):
        self.copy_script()
        sign_in, _, use = [line.strip() for line in self.banner if line.strip().startswith(("curl ", "tools/"))]
        self.run_line(sign_in)
        script, text, host = use.split(" ")
        for where in (f"http://{host}", f"http://{host}/", f"{host}/"):
            result = self.run_line(f"{script} {text} {where}")
            self.assertEqual((result.returncode, result.stderr), (0, ""), where)
        for where in (f"ws://{host}", f"http://{host}/cartesia/token", "''"):
            refused = self.run_line(f"{script} {text} {where}")
            self.assertEqual((refused.returncode, refused.stdout), (2, ""), where)
            self.assertRegex(refused.stderr, r"^tools/speak: .*tools/speak Hello http://localhost:8787\n$")

    def test_without_a_session_it_fails_and_writes_no_file(self):
        self.copy_script()
        use = next(line.strip() for line in self.banner if line.strip().startswith("tools/"))
        refused = self.run_line(use)
        self.assertEqual((refused.returncode, refused.stdout), (1, ""))
        self.assertIn("session_missing", refused.stderr)
        self.assertFalse(Path(self.folder, "voicemint.wav").exists())


if __name__ == "__main__":
    unittest.main()
