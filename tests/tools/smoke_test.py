"""tools/smoke.py against the local command: what it finds good, and what it must not."""

import contextlib
import io
import json
import os
import sys
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from unittest import mock

from moto_account import moto_account

sys.path.append(str(Path(__file__).parents[2] / "tools"))
sys.path.append(str(Path(__file__).parents[1] / "openapi"))
import smoke  # noqa: E402
from local import closed_port, local  # noqa: E402

# A secret of the local command that is always the same: its stand-in's key.
SIGNING_SECRET = "standin0opens0nothing0real000000"
SIGNED = ["--set", "SESSION_KIND=secret", "--set", "SESSION_ISSUER=smoke", "--set", "SESSION_AUDIENCE=voicemint"]


STACK = """
Resources:
  It: {Type: AWS::SNS::Topic}
Outputs:
  CartesiaUrl: {Value: "https://x.test/cartesia/token"}
  Cartesia2Url: {Value: "https://x.test/cartesia-2/token"}
  ElevenLabs2Url: {Value: "https://x.test/elevenlabs-2/token"}
  AssemblyAiUrl: {Value: "https://x.test/assemblyai/token"}
  Other: {Value: anything}
"""


def urls(server):
    return [f"{server.url}/{provider}/token" for provider in smoke.ASKS]


def run(urls, **environment):
    """The sentence that says what is wrong, if anything is; and what was printed."""
    printed = io.StringIO()
    others = {name: value for name, value in os.environ.items() if not name.startswith("SMOKE_")}
    quick = mock.patch.object(smoke, "PAUSE", 0)
    with mock.patch.dict(os.environ, others | environment, clear=True), quick, contextlib.redirect_stdout(printed):
        return smoke.main(urls), printed.getvalue()


@contextlib.contextmanager
def server_that_answers(status, body, headers=()):
    """A server with one answer, and what it was asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            text = self.rfile.read(int(self.headers["content-length"])).decode()
            asked.append((self.headers["content-type"], text))
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


class Smoke(unittest.TestCase):
    def test_a_deployment_that_mints_is_good_and_nothing_secret_is_printed(self):
        with local() as server:
            session = server.sign_in("smoke")
            failed, printed = run(urls(server), SMOKE_SESSION=session)
            self.assertIsNone(failed)
            for url in urls(server):
                self.assertIn(f"{url} refuses strangers\n", printed)
                self.assertIn(f"{url} mints (session;dur=", printed)
            self.assertNotIn(session, printed)
            self.assertNotIn("standin_", printed)

    def test_a_session_may_be_had_at_a_token_endpoint(self):
        with local() as server:
            answer = {"access_token": server.sign_in("smoke"), "id_token": "x.y.z"}
            with server_that_answers(200, answer) as (token_url, asked):
                failed, _ = run(urls(server), SMOKE_TOKEN_URL=token_url, SMOKE_TOKEN_REQUEST="grant_type=client_credentials")
                self.assertIsNone(failed)
                self.assertEqual(asked, [("application/x-www-form-urlencoded", "grant_type=client_credentials")])
                request = {"SMOKE_TOKEN_REQUEST": '{"password":"p"}', "SMOKE_TOKEN_MEMBER": "id_token"}
                failed, _ = run(urls(server), SMOKE_TOKEN_URL=token_url, **request)
                self.assertIn("answers 401: session_invalid", failed)
                self.assertEqual(asked[1], ("application/json", '{"password":"p"}'))
            with server_that_answers(400, {"error": "invalid_grant", "hint": "secret"}) as (token_url, _):
                failed, _ = run(urls(server), SMOKE_TOKEN_URL=token_url)
                self.assertEqual(failed, "smoke: SMOKE_TOKEN_URL answers 400 without access_token: invalid_grant")

    def test_a_session_may_be_signed_with_a_shared_secret(self):
        flags = [*SIGNED, "--set", "SESSION_SECRET_ID=assemblyai"]
        with local(*flags) as server:
            url = [f"{server.url}/assemblyai/token"]
            claims = {"iss": "smoke", "aud": "voicemint", "sub": "smoke"}
            self.assertIsNone(run(url, SMOKE_SIGNING_SECRET=SIGNING_SECRET, SMOKE_CLAIMS=json.dumps(claims))[0])
            wrong = json.dumps(claims | {"aud": "other"})
            self.assertIn("session_invalid", run(url, SMOKE_SIGNING_SECRET=SIGNING_SECRET, SMOKE_CLAIMS=wrong)[0])

    def test_a_deployment_may_allow_less(self):
        with local("--set", "elevenlabs:ALLOWED_TOKEN_TYPES=batch_scribe") as server:
            session = {"SMOKE_SESSION": server.sign_in("smoke")}
            self.assertIn("answers 403: grant_not_allowed", run(urls(server), **session)[0])
            asks = json.dumps({"elevenlabs": {"token_type": "batch_scribe"}})
            self.assertIsNone(run(urls(server), SMOKE_ASKS=asks, **session)[0])

    def test_a_stack_names_its_endpoints(self):
        with moto_account() as client:
            client("cloudformation").create_stack(StackName="voicemint-staging", TemplateBody=STACK)
            found = smoke.endpoints("voicemint-staging")
            names = ["assemblyai", "cartesia", "cartesia-2", "elevenlabs-2"]
            self.assertCountEqual(found, [f"https://x.test/{name}/token" for name in names])
            self.assertIn("the outputs of voicemint-gone cannot be had", run(["--stack", "voicemint-gone"])[0])

    def test_a_second_key_is_asked_as_its_provider_is(self):
        for provider, ask in smoke.ASKS.items():
            token = dict.fromkeys(smoke.MEMBERS, "any") | {"provider": provider}
            with server_that_answers(200, token, [("cache-control", "no-store")]) as (url, asked):
                with contextlib.redirect_stdout(io.StringIO()) as printed:
                    smoke.mints(f"{url}/{provider}-2/token", "any", {})
                self.assertIn(f"/{provider}-2/token mints", printed.getvalue())
                self.assertEqual(asked, [("application/json", json.dumps(ask))])
            with server_that_answers(200, token | {"provider": "other"}) as (url, _):
                with self.assertRaisesRegex(smoke.Failed, f"/{provider}-2/token answers 200 .* no token of {provider}$"):
                    smoke.mints(f"{url}/{provider}-2/token", "any", {})

    def test_minting_is_left_out_only_where_that_is_said(self):
        with local() as server:
            failed, printed = run(urls(server), SMOKE_STRANGERS_ONLY="true")
            self.assertIsNone(failed)
            self.assertIn("minting was not tried", printed)

    def test_what_does_not_mint_is_bad(self):
        with local() as server:
            self.assertIn("there is no test session", run(urls(server))[0])
            self.assertIn("answers 401: session_invalid", run(urls(server), SMOKE_SESSION="nonsense")[0])
            self.assertIn("answers 404", run([f"{server.url}/other/token"], SMOKE_SESSION="any")[0])
        self.assertIn("there is no endpoint to try", run([])[0])
        with closed_port() as port:
            self.assertIn("cannot be reached", run([f"http://localhost:{port}/cartesia/token"], SMOKE_SESSION="any")[0])
            with local("--set", f"PROVIDER_BASE_URL=http://localhost:{port}") as server:
                failed, _ = run(urls(server)[:1], SMOKE_SESSION=server.sign_in("smoke"))
                self.assertIn("answers 503: provider_unavailable", failed)

    def test_what_takes_strangers_gets_no_session(self):
        token = dict.fromkeys(smoke.MEMBERS, "any")
        with server_that_answers(200, token) as (url, asked):
            failed, _ = run([f"{url}/cartesia/token"], SMOKE_SESSION="any")
            self.assertIn("answers 200  to a caller without a session", failed)
            self.assertEqual(len(asked), 1)


if __name__ == "__main__":
    unittest.main()
