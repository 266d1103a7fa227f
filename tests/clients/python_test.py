"""The generated client for Python mints at every provider of the local command, and understands
its problems.
"""

import json
import re
import sys
import unittest
from datetime import datetime, timedelta, timezone

from generated import EVERYTHING, PROVIDERS, client, snippet
from local import local
from providers import camel


def setUpModule():
    global voicemint, exceptions
    sys.path.insert(0, str(client("python")[0]))
    import voicemint_client as voicemint
    from voicemint_client import exceptions


def snake(name):
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


class Python(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(local(*EVERYTHING))
        cls.profiles = cls.server.send("GET", "/deployment.json").json()["providers"]
        cls.client = cls.sign_in(cls.server.sign_in("ada"))

    @classmethod
    def sign_in(cls, session):
        configuration = voicemint.Configuration(host=cls.server.url, access_token=session)
        return cls.enterClassContext(voicemint.ApiClient(configuration))

    def method(self, provider, name, of=None):
        """A method of a provider's class, which also returns the response."""
        api = getattr(voicemint, f"{camel(provider.name)}Api")(of or self.client)
        return getattr(api, f"{snake(name.format(provider.prefix))}_with_http_info")

    def post(self, provider, fields, of=None, **query):
        request = getattr(voicemint, f"{provider.prefix}TokenRequest").from_dict(fields)
        body = {snake(f"{provider.prefix}TokenRequest"): request} if fields else {}
        return self.method(provider, "mint{}Token", of)(**body, **query)

    def get(self, provider, fields):
        query = {name: [key for key, on in value.items() if on] if isinstance(value, dict) else value for name, value in fields.items()}
        return self.method(provider, "mint{}TokenByQuery")(**query)

    def requests(self, provider):
        """The smallest request, the document's example, and one per value of each field with named values."""
        smallest = provider.smallest_request
        yield smallest
        yield smallest | provider.data["request"].get("example", {})
        for field in provider.fields:
            for value in field.get("values", ()):
                yield smallest | {field["name"]: {value: True} if field["type"] == "switches" else value}
        for profile in self.profiles[provider.name].get("profiles", ()):
            yield smallest | {"profile": profile} | provider.profile_requests.get(profile, {})

    def check(self, provider, response):
        """Checks that a token has the types of its provider, with the values of the response, and returns it."""
        token, sent = response.data, json.loads(response.raw_data)
        self.assertIsInstance(token, getattr(voicemint, f"{provider.prefix}Token"))
        self.assertEqual(json.loads(token.to_json()), sent)
        self.assertEqual(token.provider, provider.name)
        self.assertIs(token.single_use, provider.data["response"].get("single_use", True))
        self.assertEqual(token.expires_at.utcoffset(), timedelta(0))
        left = token.expires_at - datetime.now(timezone.utc)
        self.assertAlmostEqual(left.total_seconds(), token.expires_in, delta=10)
        self.assertTrue(token.base_url.startswith("https://localhost:"), token.base_url)
        for name in getattr(token, "connect", None) or ():
            socket = name[1]
            if socket is not None:
                self.assertIsInstance(socket, voicemint.Socket)
                self.assertTrue(socket.url.startswith("wss://localhost:"), socket.url)
        return token

    def test_it_mints_at_every_provider_by_both_methods(self):
        for provider in PROVIDERS.values():
            opened = set()
            for fields in self.requests(provider):
                with self.subTest(provider=provider.name, fields=fields):
                    response = self.post(provider, fields)
                    self.assertEqual(response.headers["voicemint-source"], "minted")
                    token = self.check(provider, response)
                    self.check(provider, self.get(provider, fields))
                    opened |= {name for name, socket in getattr(token, "connect", None) or () if socket is not None}
                    if wanted := fields.get("expires_in"):
                        self.assertEqual(token.expires_in, wanted)
            self.assertEqual(opened, set(provider.sockets), provider.name)

    def test_members_of_single_providers_have_their_types(self):
        livekit = self.check(PROVIDERS["livekit"], self.post(PROVIDERS["livekit"], {}, profile="audience"))
        self.assertEqual((livekit.profile, livekit.locked), ("audience", True))
        self.assertEqual(livekit.participant_token, livekit.token)
        self.assertTrue(livekit.server_url.startswith("wss://localhost:"))
        agents = PROVIDERS["elevenlabs-agents"]
        webrtc = self.check(agents, self.post(agents, {"connection": "webrtc"}))
        self.assertIsNone(webrtc.connect)
        self.assertTrue(webrtc.livekit_url.startswith("wss://"))
        self.assertTrue(self.post(agents, {}).data.conversation_id)
        gemini = self.post(PROVIDERS["gemini"], {"expires_in": 60, "max_session_duration_seconds": 600}).data
        self.assertEqual(gemini.session_expires_at - gemini.expires_at, timedelta(seconds=540))
        self.assertIs(self.post(PROVIDERS["openai"], {}).data.locked, False)

    def test_signing_out_expires_the_cookie(self):
        for provider in PROVIDERS.values():
            response = self.method(provider, "signOutOf{}")()
            self.assertEqual((response.status_code, response.data), (204, None))
            self.assertIn("Max-Age=0", response.headers["set-cookie"])

    def refused(self, kind, *call, **options):
        with self.assertRaises(kind) as raised:
            call[0](*call[1:], **options)
        problem = raised.exception.data
        self.assertIsInstance(problem, voicemint.Problem)
        self.assertEqual(problem.status, raised.exception.status)
        return problem, raised.exception.headers

    def test_problems_have_one_type(self):
        for provider in PROVIDERS.values():
            problem, headers = self.refused(exceptions.UnauthorizedException, self.post, provider, provider.smallest_request, self.sign_in(None))
            self.assertEqual(problem.code, voicemint.ProblemCode.SESSION_MISSING)
            self.assertEqual(headers["WWW-Authenticate"], "Bearer")
        problem, _ = self.refused(exceptions.UnauthorizedException, self.post, PROVIDERS["gemini"], {}, self.sign_in("made-up"))
        self.assertEqual(problem.code, voicemint.ProblemCode.SESSION_INVALID)
        problem, _ = self.refused(exceptions.UnprocessableEntityException, self.post, PROVIDERS["openai"], {"profile": "absent"})
        self.assertEqual(problem.code, voicemint.ProblemCode.REQUEST_INVALID)
        self.assertEqual([(type(error), error.var_field) for error in problem.errors], [(voicemint.InvalidField, "profile")])
        with local() as strict:
            configuration = voicemint.Configuration(host=strict.url, access_token=strict.sign_in("ada"))
            with voicemint.ApiClient(configuration) as client:
                problem, _ = self.refused(exceptions.ForbiddenException, self.post, PROVIDERS["cartesia"], {"grants": {"agent": True}}, client)
        self.assertEqual(problem.code, voicemint.ProblemCode.GRANT_NOT_ALLOWED)
        self.assertTrue(problem.detail and problem.title and problem.request_id)
        self.assertTrue(problem.type.endswith("#grant_not_allowed"), problem.type)

    def test_what_later_versions_add_is_no_error(self):
        problem = {"type": "https://example.com/#new", "title": "New", "status": 403, "detail": "-", "code": "quite_new", "request_id": "1", "more": 1}
        self.assertEqual(voicemint.Problem.from_json(json.dumps(problem)).code, "quite_new")
        sent = json.loads(self.post(PROVIDERS["deepgram"], {}).raw_data)
        sent["connect"]["later"] = sent["connect"]["listen"] | {"more": True}
        sent |= {"provider": "deepgram-2", "single_use": True, "more": {}}
        self.assertEqual(voicemint.DeepgramToken.from_dict(sent).connect.speak.protocols, sent["connect"]["speak"]["protocols"])

    def test_the_code_of_the_page_runs(self):
        code = snippet("python")
        self.assertEqual(code.count("https://api.example.com"), 1)
        code = code.replace("https://api.example.com", self.server.url)
        names = {"session": self.server.sign_in("ada")}
        exec(code, names)
        self.assertTrue(names["url"].startswith("wss://localhost:"))
        with local("--set", "RATE_LIMIT=1/hour") as limited:
            code = code.replace(self.server.url, limited.url)
            names = {"session": limited.sign_in("ada")}
            exec(code, names)
            with self.assertRaises(voicemint.ApiException):
                exec(code, names)
        self.assertAlmostEqual(names["wait"], 3600, delta=60)


if __name__ == "__main__":
    unittest.main()
