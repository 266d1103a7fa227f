"""deepgram-sdk with tokens from Voicemint."""

import unittest

from deepgram import DeepgramClient
from deepgram.agent.v1.types import AgentV1Settings
from deepgram.core.api_error import ApiError
from deepgram.environment import DeepgramClientEnvironment
from deepgram.speak.v1.types import SpeakV1Text
from websockets.exceptions import InvalidStatus

from audio import CHUNKS, RATE, assert_speech
from voicemint import PLAIN, TLS, expired, mint

TEXT = "Hello from Deepgram."
AUDIO = {"encoding": "linear16", "sample_rate": RATE}


def client(base=TLS, **credential):
    socket = base.replace("http", "ws", 1)
    hosts = DeepgramClientEnvironment(base=base, production=socket, agent=socket, agent_rest=base)
    return DeepgramClient(environment=hosts, **credential)


def types(messages):
    return [message.type for message in messages]


def until(socket, kind):
    """The messages up to the first with that type."""
    messages = []
    while not messages or getattr(messages[-1], "type", None) != kind:
        messages.append(socket.recv())
    return messages


def audio_of(messages):
    return b"".join(message for message in messages if isinstance(message, bytes))


def listen(test, of):
    with of.listen.v1.connect(model="nova-3", **AUDIO) as socket:
        for chunk in CHUNKS:
            socket.send_media(chunk)
        socket.send_keep_alive()
        socket.send_close_stream()
        messages = list(socket)
    test.assertEqual(types(messages), ["Results", "Metadata"])
    test.assertRegex(messages[0].channel.alternatives[0].transcript, r"^hello from the")


def flux(test, of):
    with of.listen.v2.connect(model="flux-general-en", **AUDIO) as socket:
        for chunk in CHUNKS:
            socket.send_media(chunk)
        socket.send_close_stream()
        messages = list(socket)
    test.assertEqual((messages[0].type, messages[1].event), ("Connected", "StartOfTurn"))
    test.assertRegex(messages[-1].transcript, r"^Hello from the")


def speak(test, of):
    with of.speak.v1.connect(model="aura-2-thalia-en", **AUDIO) as socket:
        socket.send_text(SpeakV1Text(text=TEXT))
        socket.send_flush()
        messages = until(socket, "Flushed")
        assert_speech(test, audio_of(messages), TEXT)
        socket.send_close()
    test.assertEqual(messages[0].type, "Metadata")


def agent(test, of):
    with of.agent.v1.connect() as socket:
        until(socket, "Welcome")
        settings = {"audio": {"input": AUDIO, "output": {**AUDIO, "container": "none"}}, "agent": {"greeting": TEXT}}
        socket.send_settings(AgentV1Settings(type="Settings", **settings))
        assert_speech(test, audio_of(until(socket, "AgentAudioDone")), TEXT)
        for chunk in CHUNKS:
            socket.send_media(chunk)
        socket.send_force_end_turn()
        messages = until(socket, "AgentAudioDone")
    said = [message.content for message in messages if getattr(message, "type", "") == "ConversationText"]
    test.assertEqual(said, ["Hello from the.", "The stand-in heard 3 words."])


PRODUCTS = (listen, flux, speak, agent)


class Deepgram(unittest.TestCase):
    def test_one_token_opens_every_product_with_and_without_tls(self):
        token = mint("deepgram")["token"]
        for base in (TLS, PLAIN):
            for use in PRODUCTS:
                with self.subTest(use.__name__, base=base):
                    use(self, client(base, access_token=token))

    def test_rejects_invalid_tokens(self):
        credentials = {
            "expired": {"access_token": expired("deepgram")["token"]},
            "made up": {"access_token": "made-up"},
            "in the place of an API key": {"api_key": mint("deepgram")["token"]},
        }
        for which, credential in credentials.items():
            for use in PRODUCTS:
                with self.subTest(which, use=use.__name__):
                    with self.assertRaises(InvalidStatus) as refused:
                        use(self, client(**credential))
                    self.assertEqual(refused.exception.response.status_code, 401)

    def test_a_token_mints_no_other(self):
        with self.assertRaises(ApiError) as refused:
            client(access_token=mint("deepgram")["token"]).auth.v1.tokens.grant(ttl_seconds=60)
        self.assertEqual(refused.exception.status_code, 403)


if __name__ == "__main__":
    unittest.main()
