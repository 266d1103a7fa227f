"""`sam local` runs each function in Lambda's image, with the stand-ins of `make dev` and the
settings of env.local.example.json.

VOICEMINT_SAM_BUILD is the output folder of `sam build`, VOICEMINT_ARCH its architecture, and
VOICEMINT_DEV the local command.
"""

import json
import os
import signal
import subprocess
import tempfile
import time
import unittest
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from pathlib import Path

import serve
from rest import with_rest_api

ROOT = Path(__file__).parents[2]
SETTINGS = Path(ROOT, "env.local.example.json").read_text()
# The ports in these settings.
PORTS = {"VOICEMINT_URL": "8787", "STANDINS_URL": "8788"}
# The form of the stand-ins' tokens. No function creates such a token itself.
TOKEN = "^[a-z_]*standin_[a-z_]*[0-9a-f]{64}$"
# A container takes seconds to start. The first time, sam also adds its emulator to the image.
RESPONSE_TIMEOUT = 180
STOP_TIMEOUT = 60
# sam mistakes Docker's proxy, which accepts connections at once, for the emulator behind it, and
# gives the emulator 0.3 s to start. On a busy machine this is too short: then `invoke` prints this
# without a response, and `start-api` returns 502 without a problem document.
TOO_EARLY = "No response from invoke container"
TRIES = 4

# main() sets these: the environment and flags of sam's commands, the templates, and a session.
environment, flags, templates, session = {}, [], {}, ""


class SamLocal(unittest.TestCase):
    def test_each_function_mints_a_token_for_its_event(self):
        for function, settings in json.loads(SETTINGS).items():
            provider = settings.get("API_KEY_SECRET_ID")
            if provider is None:
                continue  # settings of all functions
            with self.subTest(provider):
                event = Path(ROOT, "functions", provider, "event.json").read_text()
                response, log = invoke(function, event.replace("REPLACE_WITH_A_SESSION", session))
                self.assertEqual(response["statusCode"], 200, log)
                self.assert_minted(provider, response["body"])

    def test_the_http_api(self):
        self.assert_responses("template.yaml")

    def test_a_rest_api(self):
        self.assert_responses("rest.yaml")

    def assert_responses(self, template):
        with api(templates[template]) as send:
            status, headers, body = send("/cartesia/token", {"Authorization": f"Bearer {session}"})
            self.assertEqual(status, 200, body)
            self.assert_minted("cartesia", body)
            self.assertIn("__Host-cartesia-token=", headers["Set-Cookie"])
            page = {"Origin": "http://localhost:3000", "Cookie": f"session={session}"}
            status, headers, body = send("/assemblyai/token", page)
            self.assertEqual(status, 200, body)
            self.assertEqual(headers["Access-Control-Allow-Origin"], "http://localhost:3000")
            status, _, body = send("/cartesia/token", {"Authorization": f"Bearer {session[:-8]}AAAAAAAA"})
            self.assertEqual((status, json.loads(body)["code"]), (401, "session_invalid"))
            status, _, body = send("/cartesia/token?expires_in=30&grants=tts%2Cstt", page, "GET")
            self.assertEqual((status, json.loads(body).get("expires_in")), (200, 30), body)
            preflight = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST"}
            status, headers, _ = send("/cartesia/token", preflight, "OPTIONS")
            self.assertEqual((status, headers["Access-Control-Allow-Origin"]), (204, "http://localhost:3000"))
            status, headers, _ = send("/cartesia/token", page, "DELETE")
            self.assertEqual(status, 204)
            self.assertIn("Max-Age=0", headers["Set-Cookie"])

    def assert_minted(self, provider, body):
        response = json.loads(body)
        self.assertEqual(response["provider"], provider)
        self.assertRegex(response["token"], TOKEN)


@contextmanager
def sam(command, *arguments, template=None, **pipes):
    """A command of `sam local`. SIGTERM lets it remove its containers."""
    arguments = [*arguments, "--template", str(template or templates["template.yaml"]), *flags]
    process = subprocess.Popen(["sam", "local", command, *arguments], cwd=ROOT, env=environment, text=True, **pipes)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(STOP_TIMEOUT)


def invoke(function, event):
    pipe = subprocess.PIPE
    for _ in range(TRIES):
        with sam("invoke", function, "--event", "-", stdin=pipe, stdout=pipe, stderr=pipe) as process:
            response, log = process.communicate(event, RESPONSE_TIMEOUT)
        if TOO_EARLY not in log:
            break
    try:
        return json.loads(response), log
    except ValueError:
        raise AssertionError(f"{function} returned no response: {response}\n{log}") from None


@contextmanager
def api(template):
    (port,) = serve.free_ports(1)
    with tempfile.NamedTemporaryFile("w+") as file:
        log = Path(file.name)
        arguments = ["--port", str(port), "--warm-containers", "LAZY"]
        with sam("start-api", *arguments, template=template, stdout=file, stderr=file) as process:
            try:
                deadline = time.monotonic() + RESPONSE_TIMEOUT
                while f"Running on http://127.0.0.1:{port}" not in log.read_text():
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise AssertionError("sam local start-api did not start")
                    time.sleep(0.1)
                yield partial(send_again, port)
            except AssertionError as error:
                raise AssertionError(f"{error}\n{log.read_text()}") from None


def send_again(port, path, headers, method="POST"):
    for _ in range(TRIES):
        status, response_headers, body = send(port, method, path, headers)
        if status != 502 or response_headers["Content-Type"] == "application/problem+json":
            break
        time.sleep(1)
    return status, response_headers, body


def send(port, method, path, headers, body=None):
    connection = HTTPConnection("localhost", port, timeout=RESPONSE_TIMEOUT)
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    return response.status, response.headers, response.read()


def sign_in(port):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    _, headers, _ = send(port, "POST", "/sign-in", form, "user=ada")
    return SimpleCookie(headers["Set-Cookie"])["dev_session"].value


def main():
    global environment, flags, templates, session
    # On SIGTERM, it stops what it started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="voicemint-") as folder:
        with serve.server(Path(folder, "ca.pem"), "--containers") as served:
            ports = {name: served[name].rpartition(":")[2] for name in PORTS}
            settings = SETTINGS
            for name, port in PORTS.items():
                settings = settings.replace(f":{port}", f":{ports[name]}")
            Path(folder, "env.local.json").write_text(settings)
            # No AWS account is needed: sam does not look for credentials, and the stand-ins accept
            # any.
            environment = {name: value for name, value in served.items() if not name.startswith("AWS_")}
            environment |= {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
            built = Path(os.environ["VOICEMINT_SAM_BUILD"], "template.yaml")
            templates = {"template.yaml": built, "rest.yaml": Path(folder, "rest.yaml")}
            templates["rest.yaml"].write_text(with_rest_api(built))
            flags = [
                *("--config-file", str(Path(ROOT, "samconfig.toml"))),
                *("--env-vars", str(Path(folder, "env.local.json"))),
                *("--parameter-overrides", f"Architecture={os.environ['VOICEMINT_ARCH']}"),
                *("--layer-cache-basedir", folder),  # not in the home folder
                "--skip-pull-image",
            ]
            session = sign_in(ports["VOICEMINT_URL"])
            unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
