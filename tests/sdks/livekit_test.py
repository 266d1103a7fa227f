"""livekit-api verifies the tokens of Voicemint."""

import unittest

import jwt
from livekit.api import TokenVerifier

from voicemint import mint

# The key and the secret of the stand-in.
KEY, SECRET = "APIstandinOpensNothing", "livekit-stand-in-opens-nothing-real"


class Tokens(unittest.TestCase):
    def test_a_token_lets_one_participant_join_one_room(self):
        minted = mint("livekit", profile="class", room_name="7b", participant_name="Ada")
        self.assertEqual(minted["participant_token"], minted["token"])
        claims = TokenVerifier(KEY, SECRET).verify(minted["token"])
        self.assertEqual((claims.name, claims.metadata), ("Ada", '{"role": "pupil"}'))
        self.assertTrue(claims.identity)
        grants = claims.video
        self.assertEqual((grants.room, grants.room_join), ("class-7b", True))
        self.assertEqual((grants.can_publish, grants.can_subscribe, grants.can_publish_data), (True, True, True))
        self.assertFalse(any((grants.room_admin, grants.room_create, grants.room_list, grants.room_record)))

    def test_an_agent_is_dispatched(self):
        claims = TokenVerifier(KEY, SECRET).verify(mint("livekit")["token"])
        self.assertEqual([agent.agent_name for agent in claims.room_config.agents], ["assistant"])
        self.assertEqual(claims.video.room, f"voice-{claims.identity}")

    def test_a_token_of_another_project_is_refused(self):
        token = mint("livekit")["token"]
        with self.assertRaises(jwt.InvalidSignatureError):
            TokenVerifier(KEY, "another-secret-of-another-project-x").verify(token)
        with self.assertRaises(jwt.InvalidIssuerError):
            TokenVerifier("APIother", SECRET).verify(token)


if __name__ == "__main__":
    unittest.main()
