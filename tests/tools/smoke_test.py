"""tools/smoke.py against the local command: which deployments pass, and which fail."""

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
import target  # noqa: E402
from local import closed_port, local  # noqa: E402

# Constant secrets of the local command: the API keys of its stand-ins. Each endpoint uses its own
# provider's.
SECRETS = {"cartesia": "sk_car_standin_opens_nothing_real", "assemblyai": "standin0opens0nothing0real000000"}
# The settings that template.yaml makes of SmokeSecretId.
SIGNED = {
    "SESSION_KIND": "secret", "SESSION_ISSUER": "https://app.example.com,voicemint-smoke", "SESSION_AUDIENCE": "voicemint",
    "GRANTS_CLAIM": "/app/voice", "SESSION_SUBJECT_POINTER": "/user/id", "SESSION_REQUIRED_CLAIMS": "token_use=access",
    "SESSION_ALGORITHMS": "HS384", "RATE_LIMIT": "3/day",
} | {f"{provider}:SESSION_SECRET_ID": f"dev/session,{provider}" for provider in smoke.KNOWN}
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
  AssemblyAiUrl: {Value: "https://x.test/assemblyai/token"}
  Other: {Value: anything}
"""


def urls(server):
    return [f"{server.url}/{provider}/token" for provider in smoke.KNOWN]


def run(urls, **environment):
    """The error, if there is one, and the output."""
    printed = io.StringIO()
    others = {name: value for name, value in os.environ.items() if not name.startswith("SMOKE_")}
    quick = mock.patch.object(smoke, "PAUSE", 0)
    with mock.patch.dict(os.environ, others | environment, clear=True), quick, contextlib.redirect_stdout(printed):
        return smoke.main(urls), printed.getvalue()


@contextlib.contextmanager
def server_that_returns(status, body, headers=()):
    """A server with one response, and the requests that it received."""
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            text = self.rfile.read(int(self.headers["content-length"])).decode()
            received.append((self.headers["content-type"], text))
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
        yield f"http://localhost:{server.server_port}", received
    finally:
        server.shutdown()
        server.server_close()


class Smoke(unittest.TestCase):
    def test_a_deployment_that_mints_passes_and_no_secret_is_printed(self):
        with local() as server:
            session = server.sign_in("smoke")
            failed, printed = run(urls(server), SMOKE_SESSION=session)
            self.assertIsNone(failed)
            for url in urls(server):
                self.assertIn(f"{url} refuses callers without a session\n", printed)
                self.assertIn(f"{url} mints (session;dur=", printed)
            self.assertNotIn(session, printed)
            self.assertNotIn("standin_", printed)

    def test_a_token_endpoint_issues_the_session(self):
        with local() as server:
            response = {"access_token": server.sign_in("smoke"), "id_token": "x.y.z"}
            with server_that_returns(200, response) as (token_url, received):
                failed, _ = run(urls(server), SMOKE_TOKEN_URL=token_url, SMOKE_TOKEN_REQUEST="grant_type=client_credentials")
                self.assertIsNone(failed)
                self.assertEqual(received, [("application/x-www-form-urlencoded", "grant_type=client_credentials")])
                request = {"SMOKE_TOKEN_REQUEST": '{"password":"p"}', "SMOKE_TOKEN_MEMBER": "id_token"}
                failed, _ = run(urls(server), SMOKE_TOKEN_URL=token_url, **request)
                self.assertIn("returns 401: session_invalid", failed)
                self.assertEqual(received[1], ("application/json", '{"password":"p"}'))
            with server_that_returns(400, {"error": "invalid_grant", "hint": "secret"}) as (token_url, _):
                failed, _ = run(urls(server), SMOKE_TOKEN_URL=token_url)
                self.assertEqual(failed, "smoke: SMOKE_TOKEN_URL returns 400 without access_token: invalid_grant")

    def test_a_stack_with_a_secret_for_smoke_tests_needs_no_other_session(self):
        flags = [flag for name, value in SIGNED.items() for flag in ("--set", f"{name}={value}")]
        with local(*flags) as server, moto_account() as client:
            output = f"  AssemblyAiUrl: {{Value: '{server.url}/assemblyai/token'}}"
            client("cloudformation").create_stack(StackName="voicemint-staging", TemplateBody=SIGNED_STACK + output)
            stack = ["--stack-name", "voicemint-staging"]
            self.assertIn("smoke: cannot read voicemint/smoke", run(stack)[0])
            # The secret of users' sessions does not exist here: nothing reads it.
            client("secretsmanager").create_secret(Name="voicemint/smoke", SecretString=json.dumps({"secret": SECRETS["assemblyai"]}))
            failed, printed = run(stack)
            self.assertIsNone(failed)
            self.assertIn("/assemblyai/token mints (", printed)
            self.assertNotIn(SECRETS["assemblyai"], printed)
            # All sessions have the same subject and share one count: the third mint is the last of
            # the day. SMOKE_CLAIMS cannot set the issuer.
            self.assertIsNone(run(stack, SMOKE_CLAIMS=json.dumps({"iss": "https://app.example.com", "more": 1}))[0])
            self.assertIsNone(run(stack)[0])
            self.assertIn("returns 429: rate_limited", run(stack)[0])

    def test_the_secret_for_smoke_tests_signs_no_users_in_and_its_sessions_have_one_grant(self):
        flags = [flag for name, value in SIGNED.items() for flag in ("--set", f"{name}={value}")]
        stack = {
            "SessionAudience": "voicemint", "GrantsClaim": "/app/voice", "SessionSubjectPointer": "/user/id",
            "SessionRequiredClaims": "token_use=access",
        }
        made = smoke.claims({}, stack, ["tts"])
        self.assertEqual(made["app"], {"voice": ["tts"]})
        with local(*flags) as server:
            for changed, grant, expected in (
                ({}, "tts", 200),
                ({}, "stt", 403),
                ({"iss": "https://app.example.com"}, "tts", 401),
                ({"aud": "other"}, "tts", 401),
            ):
                credential = smoke.signed(SECRETS["cartesia"], made | changed, "HS384")
                headers = {"authorization": f"Bearer {credential}", "content-type": "application/json"}
                body = json.dumps({"grants": {grant: True}}).encode()
                self.assertEqual(smoke.send(f"{server.url}/cartesia/token", headers, body)[0], expected, (changed, grant))

    def test_no_workflow_gets_a_secret_that_signs_sessions(self):
        given = {name for path in WORKFLOW.parent.glob("*.yml") for name in re.findall(r"secrets\.(\w+)", path.read_text())}
        self.assertEqual(given, {"SMOKE_TOKEN_REQUEST"})
        with local("--set", "SESSION_KIND=secret", "--set", "SESSION_AUDIENCE=voicemint", "--set", "SESSION_SECRET_ID=assemblyai") as server:
            self.assertIn("there is no test session", run(urls(server), SMOKE_SIGNING_SECRET=SECRETS["assemblyai"], SMOKE_CLAIMS="{}")[0])

    def test_a_deployment_may_allow_less(self):
        with local("--set", "elevenlabs:ALLOWED_TOKEN_TYPES=batch_scribe") as server:
            session = {"SMOKE_SESSION": server.sign_in("smoke")}
            self.assertIn("returns 403: grant_not_allowed", run(urls(server), **session)[0])
            requests = json.dumps({"elevenlabs": {"token_type": "batch_scribe"}})
            self.assertIsNone(run(urls(server), SMOKE_ASKS=requests, **session)[0])

    def test_a_stack_names_its_endpoints(self):
        with moto_account() as client:
            client("cloudformation").create_stack(StackName="voicemint-staging", TemplateBody=STACK)
            found = smoke.endpoints(smoke.describe(target.Target("voicemint-staging")))
            names = ["assemblyai", "cartesia"]
            self.assertCountEqual(found, [f"https://x.test/{name}/token" for name in names])
            self.assertIn("cannot read the outputs of voicemint-gone", run(["--stack-name", "voicemint-gone"])[0])

    def test_the_grants_that_a_request_needs_are_given_or_in_one_of_its_fields(self):
        for provider, request, expected in (
            ("assemblyai", {"expires_in_seconds": 1}, ["stt"]),
            ("cartesia", {"grants": {"tts": True, "stt": False, "agent": None}}, ["tts"]),
            ("elevenlabs", {"token_type": "batch_scribe"}, ["batch_scribe"]),
            ("elevenlabs", {}, []),
            ("openai", {"expires_in": 10}, ["default"]),
            ("openai", {"expires_in": 10, "profile": "coach"}, ["coach"]),
        ):
            self.assertEqual(smoke.KNOWN[provider].smoke_grants(request), expected)

    def test_each_endpoint_gets_the_token_request_of_its_provider(self):
        for provider, known in smoke.KNOWN.items():
            token = dict.fromkeys(smoke.MEMBERS, "any") | {"provider": provider}
            with server_that_returns(200, token, [("cache-control", "no-store")]) as (url, received):
                with contextlib.redirect_stdout(io.StringIO()) as printed:
                    smoke.check_mints(f"{url}/{provider}/token", lambda _: "any", {})
                self.assertIn(f"/{provider}/token mints", printed.getvalue())
                self.assertEqual(received, [("application/json", json.dumps(known.data["smoke"]["request"]))])
            with server_that_returns(200, token | {"provider": "other"}) as (url, _):
                with self.assertRaisesRegex(smoke.Failed, f"/{provider}/token returns 200 .* not a token of {provider}$"):
                    smoke.check_mints(f"{url}/{provider}/token", lambda _: "any", {})

    def test_minting_is_skipped_only_on_request(self):
        with local() as server:
            failed, printed = run(urls(server), SMOKE_STRANGERS_ONLY="true")
            self.assertIsNone(failed)
            self.assertIn("minting was skipped", printed)

    def test_a_deployment_that_does_not_mint_fails(self):
        with local() as server:
            self.assertIn("there is no test session", run(urls(server))[0])
            self.assertIn("returns 401: session_invalid", run(urls(server), SMOKE_SESSION="nonsense")[0])
            self.assertIn("returns 404", run([f"{server.url}/other/token"], SMOKE_SESSION="any")[0])
        self.assertIn("no endpoint to test", run([])[0])
        with closed_port() as port:
            self.assertIn("cannot connect to", run([f"http://localhost:{port}/cartesia/token"], SMOKE_SESSION="any")[0])
            with local("--set", f"PROVIDER_BASE_URL=http://localhost:{port}") as server:
                failed, _ = run(urls(server)[:1], SMOKE_SESSION=server.sign_in("smoke"))
                self.assertIn("returns 503: provider_unavailable", failed)

    def test_errors_of_the_gateway_are_retried_longer_than_errors_of_the_function(self):
        flood, unavailable, good = (429, {}, {}), (503, {}, {"code": "provider_unavailable"}), (200, {}, {})
        for responses, last, calls in (
            ([flood] * 20 + [good], good, 21),
            ([flood] * 60, flood, smoke.TRIES_AT_GATEWAY),
            ([unavailable] * 3 + [good], good, 4),
            ([unavailable] * 60, unavailable, smoke.TRIES),
            ([flood] * 10 + [unavailable] * 60, unavailable, 11),
        ):
            sent = mock.patch.object(smoke, "send", side_effect=responses)
            with sent as send, mock.patch.object(smoke, "PAUSE", 0):
                self.assertEqual(smoke.call("any", {}), last)
                self.assertEqual(send.call_count, calls)

    def test_a_new_domain_has_two_minutes(self):
        unknown, forbidden = (404, {}, {"message": "Not Found"}), (403, {}, {"message": "Forbidden"})
        missing, good = (404, {}, {"code": "any"}), (401, {}, {"code": "session_missing"})
        gone = smoke.Unreachable("cannot connect")
        for responses, last, calls in (
            ([gone, unknown, forbidden, good], good, 4),
            ([unknown] * 80, unknown, smoke.TRIES_AT_NEW_DOMAIN),
            ([missing] * 80, missing, 1),
        ):
            sent = mock.patch.object(smoke, "send", side_effect=responses)
            with sent as send, mock.patch.object(smoke, "PAUSE", 0):
                self.assertEqual(smoke.call("any", {}), last)
                self.assertEqual(send.call_count, calls)
        self.assertEqual(smoke.TRIES_AT_NEW_DOMAIN * smoke.PAUSE, smoke.MAX_WAIT)
        slow = mock.patch.object(smoke.time, "monotonic", side_effect=[0, 130])
        with mock.patch.object(smoke, "send", side_effect=gone) as send, slow, self.assertRaises(smoke.Unreachable):
            smoke.call("any", {})
        self.assertEqual(send.call_count, 1)

    def test_the_alias_must_be_what_was_deployed(self):
        deployed = {
            "CodeSha256": "a", "Timeout": 10, "Environment": {"Variables": {"ALLOWED_ORIGINS": "https://a", "RELEASE": "x-2"}},
            "Version": "$LATEST", "Description": "Settings 4", "VpcConfig": {"SubnetIds": []}, "Layers": [],
        }
        live = deployed | {"Version": "7", "Environment": {"Variables": {"ALLOWED_ORIGINS": "https://a", "RELEASE": "x-1"}}}
        live.pop("Layers")
        for changed, different in (
            ({}, None),
            ({"CodeSha256": "b"}, "CodeSha256"),
            ({"Timeout": 11, "LoggingConfig": {"LogGroup": "x"}}, "Timeout, LoggingConfig"),
            ({"Environment": {"Variables": {"ALLOWED_ORIGINS": "https://a,https://b"}}}, "Environment"),
        ):
            aws = mock.Mock()
            alias = "arn:aws:lambda:eu-central-1:123456789012:function:voicemint-CartesiaFunction-1:live"
            aws.get_paginator.return_value.paginate.return_value = [{"StackResourceSummaries": [
                {"ResourceType": "AWS::Lambda::Alias", "PhysicalResourceId": alias},
                {"ResourceType": "AWS::Lambda::Function", "PhysicalResourceId": "voicemint-CheckFunction-1"},
            ]}]
            aws.get_function_configuration.side_effect = [deployed, live | changed]
            with mock.patch.object(target.Target, "client", return_value=aws), contextlib.redirect_stdout(io.StringIO()) as printed:
                if different:
                    with self.assertRaisesRegex(smoke.Failed, f":live has another {different} than what was deployed"):
                        smoke.check_live(target.Target("voicemint"))
                    continue
                smoke.check_live(target.Target("voicemint"))
                self.assertIn(":live is version 7, as deployed", printed.getvalue())
                function = alias.removesuffix(":live")
                self.assertEqual(aws.get_function_configuration.mock_calls, [
                    mock.call(FunctionName=function), mock.call(FunctionName=function, Qualifier="live"),
                ])

    def test_an_endpoint_that_accepts_callers_without_a_session_gets_no_session(self):
        token = dict.fromkeys(smoke.MEMBERS, "any")
        with server_that_returns(200, token) as (url, received):
            failed, _ = run([f"{url}/cartesia/token"], SMOKE_SESSION="any")
            self.assertIn("returns 200  to a caller without a session", failed)
            self.assertEqual(len(received), 1)


if __name__ == "__main__":
    unittest.main()
