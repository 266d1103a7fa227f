"""Responses match openapi.yaml: successes, and every problem that the local command can return."""

import json
import time
import unittest

from document import COMPONENTS, PROVIDERS, deviations, documented_response
from local import closed_port, local, provider_that_sends

JSON = {"content-type": "application/json"}
SMALLEST = {name: provider.smallest_request for name, provider in PROVIDERS.items()}
TOKEN_REQUESTS = {name: json.dumps(request).encode() if request else b"" for name, request in SMALLEST.items()}
# The local command has no bug to trigger, and no DynamoDB that is unavailable.
NOT_LOCAL = {"internal", "limit_unavailable"}
# Sessions are accepted for 5 s after they expire, because clocks differ.
LEEWAY = 5


def is_reusable(provider):
    return PROVIDERS[provider].data["response"].get("single_use") is False


class Responses(unittest.TestCase):
    finished, codes = set(), set()

    def setUp(self):
        self.finished.add(self._testMethodName)

    def check(self, server, expected, method, provider, headers=(), body=None, query=""):
        response = server.send(method, f"/{provider}/token{query}", headers, body)
        case = f"{method} {provider} {response.status} {response.body[:200]}"
        # A response to HEAD has no body.
        code = response.json()["code"] if response.status >= 400 and response.body else ""
        self.assertEqual(f"{response.status} {code}".strip(), expected, case)
        self.codes.add(code)
        if method != "HEAD":
            self.assertEqual(deviations(documented_response(provider, method, response.status), response, provider), [], case)
        return response

    def test_tokens_and_signing_out(self):
        with local() as server:
            page = {"origin": server.url, "cookie": f"dev_session={server.sign_in('ada')}"}
            for provider, request in TOKEN_REQUESTS.items():
                granted = self.check(server, "200", "POST", provider, page | JSON, request)
                self.assertEqual(granted.header("voicemint-source"), "minted")
                sealed = granted.header("set-cookie").partition(";")[0]
                self.assertTrue(sealed.startswith(f"__Host-{provider}-token="), sealed)
                self.assertEqual(granted.header("access-control-allow-origin"), server.url)
                self.check(server, "204", "DELETE", provider, page)
                self.check(server, "204", "OPTIONS", provider, {"origin": server.url})
                again = page | JSON | {"cookie": f"{page['cookie']}; {sealed}"}
                source = self.check(server, "200", "POST", provider, again, request).header("voicemint-source")
                self.assertEqual(source, "resumed" if is_reusable(provider) else "minted")
            self.check(server, "200", "GET", "cartesia", server.bearer("ada"))

    def test_refused_requests(self):
        with local("--set", "RATE_LIMIT=3/hour") as server:
            ada = server.bearer("ada")
            for provider in TOKEN_REQUESTS:
                self.check(server, "401 session_missing", "POST", provider)
                self.check(server, "401 session_invalid", "GET", provider, {"authorization": "Bearer nonsense"})
                self.check(server, "403 origin_not_allowed", "POST", provider, {"origin": "https://evil.test"})
                self.check(server, "403 origin_not_allowed", "OPTIONS", provider)
                self.check(server, "403 origin_not_allowed", "DELETE", provider, {"origin": "null"})
                self.check(server, "400 request_malformed", "POST", provider, ada | JSON, b'{"a":1,"a":1}')
                self.check(server, "400 request_malformed", "GET", provider, ada, query="?a=1&a=1")
                for method in ("OPTIONS", "DELETE"):
                    self.check(server, "400 request_malformed", method, provider, {"origin": "https://a.test, null"})
                self.check(server, "413 request_too_large", "POST", provider, ada | JSON, b" " * 4097)
                self.check(server, "415 media_type_not_supported", "POST", provider, ada, b"{}")
                self.check(server, "422 request_invalid", "POST", provider, ada | JSON, b'{"nope":1}')
                self.check(server, "422 request_invalid", "GET", provider, ada, query="?nope=1")
            self.check(server, "403 grant_not_allowed", "GET", "cartesia", ada, query="?grants=agent")
            for _ in range(3):
                self.check(server, "200", "GET", "cartesia", ada)
            self.check(server, "429 rate_limited", "GET", "cartesia", ada)
            self.check(server, "429 rate_limited", "POST", "cartesia", ada)

    def test_other_methods(self):
        with local() as server:
            for provider in TOKEN_REQUESTS:
                for method in ("PUT", "PATCH", "TRACE", "QUERY", "PROPFIND", "get"):
                    self.check(server, "405 method_not_allowed", method, provider)
                head = self.check(server, "405", "HEAD", provider)
                self.assertEqual(head.header("allow"), COMPONENTS["headers"]["Allow"]["schema"]["const"])

    def test_failures_of_providers(self):
        refusal = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        with closed_port() as gone, provider_that_sends(b"") as silent, provider_that_sends(refusal) as refuses:
            flags = []
            for provider, port in (("cartesia", gone), ("elevenlabs", silent), ("assemblyai", refuses)):
                flags += ["--set", f"{provider}:PROVIDER_BASE_URL=http://localhost:{port}"]
            with local(*flags) as server:
                ada = server.bearer("ada") | JSON
                self.check(server, "503 provider_unavailable", "POST", "cartesia", ada)
                self.check(server, "504 provider_timeout", "POST", "elevenlabs", ada, TOKEN_REQUESTS["elevenlabs"])
                self.check(server, "502 provider_rejected", "POST", "assemblyai", ada)

    def test_failures_of_secrets_and_sessions(self):
        with closed_port() as gone:
            flags = ["--set", "cartesia:API_KEY_SECRET_ID=gone", "--session-seconds", "1"]
            flags += ["--set", f"elevenlabs:SESSION_JWKS_URL=http://localhost:{gone}"]
            with local(*flags) as server:
                ada, since = server.bearer("ada"), time.monotonic()
                self.check(server, "503 secret_unavailable", "POST", "cartesia", ada)
                self.check(server, "503 session_unavailable", "POST", "elevenlabs", ada)
                time.sleep(max(0, since + LEEWAY + 2.5 - time.monotonic()))
                self.check(server, "401 session_expired", "POST", "assemblyai", ada)

    @classmethod
    def tearDownClass(cls):
        if cls.finished < set(unittest.defaultTestLoader.getTestCaseNames(cls)):
            return
        missed = set(COMPONENTS["schemas"]["ProblemCode"]["enum"]) - cls.codes - NOT_LOCAL
        assert not missed, f"codes without a test: {missed}"


if __name__ == "__main__":
    unittest.main()
