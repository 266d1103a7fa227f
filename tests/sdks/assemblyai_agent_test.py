"""AssemblyAI's Voice Agent API with tokens from Voicemint. The SDK, assemblyai 1.8.2, has no client
for it: the tests use `connect` with the package websockets.
"""

import base64
import json
import os
import ssl
import unittest
from contextlib import suppress

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from audio import CHUNKS
from voicemint import expired, mint

TRUST = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
# Half a second of silence at 24 kHz ends the turn.
SILENCE = bytes(24_000)


def converse(minted):
    """All messages of a session with one turn, in order, and the code of its close."""
    received = []
    with connect(minted["connect"]["agent"]["url"], ssl=TRUST, proxy=None) as socket:

        def send(**message):
            with suppress(ConnectionClosed):  # after a refusal, which is read below
                socket.send(json.dumps(message))

        send(type="session.update", session={"system_prompt": "Be brief."})
        with suppress(ConnectionClosed):
            for text in socket:
                received.append(json.loads(text))
                if received[-1]["type"] == "session.ready":
                    for chunk in (*CHUNKS, SILENCE):
                        send(type="input.audio", audio=base64.b64encode(chunk).decode())
                if received[-1]["type"] == "reply.done":
                    send(type="session.end")
        return received, socket.protocol.close_code


class Agents(unittest.TestCase):
    def test_converses(self):
        received, code = converse(mint("assemblyai", product="agent"))
        texts = {message["type"]: message["text"] for message in received if message["type"] in ("transcript.user", "transcript.agent")}
        self.assertEqual(texts, {"transcript.user": "Hello from.", "transcript.agent": "The stand-in heard 2 words."})
        sound = b"".join(base64.b64decode(message["data"]) for message in received if message["type"] == "reply.audio")
        self.assertTrue(any(sound))
        self.assertEqual((received[0]["type"], received[-1]["type"], code), ("session.ready", "session.ended", 1000))

    def test_rejects_invalid_tokens(self):
        spent = mint("assemblyai", product="agent")
        converse(spent)
        agent, streaming = mint("assemblyai", product="agent"), mint("assemblyai")
        cases = (
            ("used before", spent, "used"),
            ("expired", expired("assemblyai", product="agent"), "expired"),
            ("for streaming", with_token(agent, streaming["token"]), "another product"),
            ("made up", with_token(agent, "made-up"), "not known"),
        )
        for which, minted, reason in cases:
            with self.subTest(which):
                [error], code = converse(minted)
                self.assertEqual((error["type"], error["code"], code), ("session.error", "unauthorized", 1008))
                self.assertIn(reason, error["message"])


def with_token(minted, other):
    return json.loads(json.dumps(minted).replace(minted["token"], other))


if __name__ == "__main__":
    unittest.main()
