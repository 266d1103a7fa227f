"""cartesia with tokens from Voicemint."""

import unittest

import cartesia
from cartesia import Cartesia
from websockets.exceptions import InvalidStatus

from audio import CHUNKS, RATE, assert_speech, samples_of
from voicemint import PLAIN, TLS, expired, mint

TEXT = "Hello there."
RAW = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": RATE}
SPEAKER = {"model_id": "sonic-3", "voice": {"id": "any"}}
STT_SETTINGS = {"model": "ink-2", "encoding": "pcm_s16le", "sample_rate": RATE}


def tts():
    return mint("cartesia", grants={"tts": True})


def stt():
    return mint("cartesia", grants={"stt": True})


def client(minted, **options):
    options = {"base_url": minted["base_url"], **options}
    return Cartesia(token=minted["token"], max_retries=0, **options)


def plain():
    """The option that makes the SDK's TTS socket connect without TLS."""
    return {"websocket_base_url": PLAIN.replace("http", "ws")}


def speak_over(connection):
    context = connection.context(**SPEAKER, output_format=RAW, timeout=5)
    context.push("Hello ")
    context.push("there.")
    context.no_more_inputs()
    return list(context.receive())


class TextToSpeech(unittest.TestCase):
    def assert_spoken_events(self, events):
        self.assertEqual(events[-1].type, "done")
        assert_speech(self, b"".join(event.audio for event in events if event.type == "chunk"), TEXT)

    def test_over_a_socket_with_and_without_tls_and_the_same_token(self):
        minted = tts()
        for options in ({"base_url": TLS}, plain()):
            with self.subTest(options), client(minted, **options).tts.websocket_connect() as connection:
                self.assert_spoken_events(speak_over(connection))

    def test_as_a_wav_file(self):
        response = client(tts()).tts.generate(**SPEAKER, transcript=TEXT, output_format={**RAW, "container": "wav"})
        assert_speech(self, samples_of(self, response.read()), TEXT)

    def test_as_events(self):
        self.assert_spoken_events(list(client(tts()).tts.generate_sse(**SPEAKER, transcript=TEXT, output_format=RAW)))

    def test_every_tts_api_rejects_invalid_tokens(self):
        made_up = {**tts(), "token": "made-up"}
        cases = (
            ("expired", expired("cartesia", grants={"tts": True}), cartesia.AuthenticationError, "has expired"),
            ("without the grant", stt(), cartesia.PermissionDeniedError, "does not grant access to this endpoint"),
            ("made up", made_up, cartesia.AuthenticationError, "is missing or wrong"),
        )
        for which, minted, error, message in cases:
            with self.subTest(which):
                speech = client(minted, **plain()).tts
                with self.assertRaisesRegex(error, message) as rejected:
                    speech.generate(**SPEAKER, transcript=TEXT, output_format=RAW)
                with self.assertRaisesRegex(error, message):
                    speech.generate_sse(**SPEAKER, transcript=TEXT, output_format=RAW)
                with self.assertRaises(InvalidStatus) as upgrade, speech.websocket_connect():
                    self.fail("it connected")
                status = rejected.exception.status_code
                self.assertEqual(str(upgrade.exception), f"server rejected WebSocket connection: HTTP {status}")
                self.assertIn(message, upgrade.exception.response.body.decode())


class SpeechToText(unittest.TestCase):
    def test_over_a_socket(self):
        with client(stt()).stt.manual_finalize.websocket(**STT_SETTINGS) as connection:
            for chunk in CHUNKS:
                connection.send_raw(chunk)
            connection.send("finalize")
            connection.send("close")
            events = list(connection)
        text = "".join(event.text for event in events if event.type == "transcript" and event.is_final)
        self.assertRegex(text, r"\w")
        self.assertEqual(events[-1].type, "done")

    def test_over_a_socket_with_turns(self):
        with client(stt()).stt.auto_finalize.websocket(**STT_SETTINGS) as connection:
            for chunk in CHUNKS:
                connection.send_raw(chunk)
            connection.send({"type": "close"})
            events = list(connection)
        self.assertEqual(events[0].type, "connected")
        ends = [event.transcript for event in events if event.type == "turn.end"]
        self.assertRegex(ends[-1], r"\w")

    def test_over_a_socket_is_rejected_without_the_grant(self):
        with self.assertRaisesRegex(InvalidStatus, "HTTP 403"), client(tts()).stt.manual_finalize.websocket(**STT_SETTINGS):
            self.fail("it connected")


if __name__ == "__main__":
    unittest.main()
