"""tools/smoke.py against the local command: what it finds good, and what it must not."""

import contextlib
import io
import json
import os
import re
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

# Secrets of the local command that are always the same, its stand-ins' keys: each endpoint has its own provider's.
SECRETS = {"cartesia": "sk_car_standin_opens_nothing_real", "assemblyai": "standin0opens0nothing0real000000"}
# As template.yaml sets them with SmokeSecretId.
SIGNED = {
    "SESSION_KIND": "secret", "SESSION_ISSUER": "https://app.example.com,voicemint-smoke", "SESSION_AUDIENCE": "voicemint",
    "cartesia:SESSION_SECRET_ID": "dev/session,cartesia", "assemblyai:SESSION_SECRET_ID": "dev/session,assemblyai",
    "elevenlabs:SESSION_SECRET_ID": "dev/session,elevenlabs", "GRANTS_CLAIM": "/app/voice", "SESSION_SUBJECT_POINTER": "/user/id",
    "SESSION_REQUIRED_CLAIMS": "token_use=access", "SESSION_ALGORITHMS": "HS384", "RATE_LIMIT": "3/day",
}
SIGNED_STACK = """
Parameters:
  SmokeSecretId: {Type: String, Default: voicemint/smoke}
  SessionSecretId: {Type: String, Default: voicemint/session}
  SessionAudience: {Type: String, Default: "voicemint,other"}
  SessionRequiredClaims: {Type: String, Default: token_use=access}
  SessionSubjectPointer: {Type: String, Default: /user/id}
  SessionAlgorithms: {Type: String, Default: HS384}
  GrantsClaim: {Type: String, Default: /app/voice}
Resources:
  It: {Type: AWS::SNS::Topic}
Outputs:
"""
WORKFLOW = Path(__file__).parents[2] / ".github/workflows/deploy.yml"


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

    def test_a_stack_with_a_secret_for_smoke_tests_needs_no_other_session(self):
        flags = [flag for name, value in SIGNED.items() for flag in ("--set", f"{name}={value}")]
        with local(*flags) as server, moto_account() as client:
            output = f"  AssemblyAiUrl: {{Value: '{server.url}/assemblyai/token'}}"
            client("cloudformation").create_stack(StackName="voicemint-staging", TemplateBody=SIGNED_STACK + output)
            stack = ["--stack", "voicemint-staging"]
            self.assertIn("smoke: voicemint/smoke cannot be had", run(stack)[0])
            # The secret of users' sessions is not even there: nothing reads it.
            client("secretsmanager").create_secret(Name="voicemint/smoke", SecretString=json.dumps({"secret": SECRETS["assemblyai"]}))
            failed, printed = run(stack)
            self.assertIsNone(failed)
            self.assertIn("/assemblyai/token mints (", printed)
            self.assertNotIn(SECRETS["assemblyai"], printed)
            # One subject and so one count, and no issuer but its own: the third mint is the last of the day.
            self.assertIsNone(run(stack, SMOKE_CLAIMS=json.dumps({"iss": "https://app.example.com", "more": 1}))[0])
            self.assertIsNone(run(stack)[0])
            self.assertIn("answers 429: rate_limited", run(stack)[0])

    def test_the_secret_for_smoke_tests_signs_nobody_in_and_its_sessions_have_one_grant(self):
        flags = [flag for name, value in SIGNED.items() for flag in ("--set", f"{name}={value}")]
        stack = {
            "SessionAudience": "voicemint", "GrantsClaim": "/app/voice", "SessionSubjectPointer": "/user/id",
            "SessionRequiredClaims": "token_use=access",
        }
        made = smoke.claims({}, stack, ["tts"])
        self.assertEqual(made["app"], {"voice": ["tts"]})
        with local(*flags) as server:
            for changed, grant, wanted in (
                ({}, "tts", 200),
                ({}, "stt", 403),
                ({"iss": "https://app.example.com"}, "tts", 401),
                ({"aud": "other"}, "tts", 401),
            ):
                credential = smoke.signed(SECRETS["cartesia"], made | changed, "HS384")
                headers = {"authorization": f"Bearer {credential}", "content-type": "application/json"}
                ask = json.dumps({"grants": {grant: True}}).encode()
                self.assertEqual(smoke.send(f"{server.url}/cartesia/token", headers, ask)[0], wanted, (changed, grant))

    def test_no_workflow_is_given_what_signs_sessions(self):
        given = {name for path in WORKFLOW.parent.glob("*.yml") for name in re.findall(r"secrets\.(\w+)", path.read_text())}
        self.assertEqual(given, {"SMOKE_TOKEN_REQUEST"})
        with local("--set", "SESSION_KIND=secret", "--set", "SESSION_AUDIENCE=voicemint", "--set", "SESSION_SECRET_ID=assemblyai") as server:
            self.assertIn("there is no test session", run(urls(server), SMOKE_SIGNING_SECRET=SECRETS["assemblyai"], SMOKE_CLAIMS="{}")[0])

    def test_a_deployment_may_allow_less(self):
        with local("--set", "elevenlabs:ALLOWED_TOKEN_TYPES=batch_scribe") as server:
            session = {"SMOKE_SESSION": server.sign_in("smoke")}
            self.assertIn("answers 403: grant_not_allowed", run(urls(server), **session)[0])
            asks = json.dumps({"elevenlabs": {"token_type": "batch_scribe"}})
            self.assertIsNone(run(urls(server), SMOKE_ASKS=asks, **session)[0])

    def test_a_stack_names_its_endpoints(self):
        with moto_account() as client:
            client("cloudformation").create_stack(StackName="voicemint-staging", TemplateBody=STACK)
            found = smoke.endpoints(smoke.described("voicemint-staging"))
            names = ["assemblyai", "cartesia", "cartesia-2", "elevenlabs-2"]
            self.assertCountEqual(found, [f"https://x.test/{name}/token" for name in names])
            self.assertIn("the outputs of voicemint-gone cannot be had", run(["--stack", "voicemint-gone"])[0])

    def test_a_second_key_is_asked_as_its_provider_is(self):
        for provider, ask in smoke.ASKS.items():
            token = dict.fromkeys(smoke.MEMBERS, "any") | {"provider": provider}
            with server_that_answers(200, token, [("cache-control", "no-store")]) as (url, asked):
                with contextlib.redirect_stdout(io.StringIO()) as printed:
                    smoke.mints(f"{url}/{provider}-2/token", lambda _: "any", {})
                self.assertIn(f"/{provider}-2/token mints", printed.getvalue())
                self.assertEqual(asked, [("application/json", json.dumps(ask))])
            with server_that_answers(200, token | {"provider": "other"}) as (url, _):
                with self.assertRaisesRegex(smoke.Failed, f"/{provider}-2/token answers 200 .* no token of {provider}$"):
                    smoke.mints(f"{url}/{provider}-2/token", lambda _: "any", {})

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

    def test_a_flood_at_the_gateway_is_waited_out_and_what_the_function_says_is_believed_sooner(self):
        flood, trouble, good = (429, {}, {}), (503, {}, {"code": "provider_unavailable"}), (200, {}, {})
        for answers, last, calls in (
            ([flood] * 20 + [good], good, 21),
            ([flood] * 60, flood, smoke.TRIES_AT_GATEWAY),
            ([trouble] * 3 + [good], good, 4),
            ([trouble] * 60, trouble, smoke.TRIES),
            ([flood] * 10 + [trouble] * 60, trouble, 11),
        ):
            sent = mock.patch.object(smoke, "send", side_effect=answers)
            with sent as send, mock.patch.object(smoke, "PAUSE", 0):
                self.assertEqual(smoke.call("any", {}), last)
                self.assertEqual(send.call_count, calls)

    def test_what_takes_strangers_gets_no_session(self):
        token = dict.fromkeys(smoke.MEMBERS, "any")
        with server_that_answers(200, token) as (url, asked):
            failed, _ = run([f"{url}/cartesia/token"], SMOKE_SESSION="any")
            self.assertIn("answers 200  to a caller without a session", failed)
            self.assertEqual(len(asked), 1)


if __name__ == "__main__":
    unittest.main()
