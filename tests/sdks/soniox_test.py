"""soniox with tokens from Voicemint. The SDK sends the token in the header Authorization."""

import contextlib
import re
import unittest

from soniox import SonioxClient
from soniox.errors import SonioxRealtimeError
from soniox.types import RealtimeSTTConfig, RealtimeTTSConfig

from audio import CHUNKS, RATE, assert_speech
from voicemint import PLAIN, TLS, expired, mint

SENTENCE = "Hello there."
TRANSCRIPTION = {"usage_type": "transcribe_websocket"}
SPEECH = {"usage_type": "tts_rt"}


def client(minted, base_url=None):
    host = (base_url or minted["base_url"]).replace("http", "ws", 1)
    return SonioxClient(
        api_key=minted["token"],
        websocket_base_url=f"{host}/transcribe-websocket",
        tts_websocket_base_url=f"{host}/tts-websocket",
    )


def listen(minted, base_url=None):
    """The final text of the audio. Fails with the error of the last event."""
    config = RealtimeSTTConfig(model="stt-rt-v5", audio_format="pcm_s16le", sample_rate=RATE, num_channels=1)
    with client(minted, base_url).realtime.stt.connect(config=config) as session:
        # A refused session may close before all is sent.
        with contextlib.suppress(SonioxRealtimeError):
            session.send_bytes(iter(CHUNKS))
        events = list(session.receive_events())
    if events[-1].error_code:
        raise SonioxRealtimeError(f"{events[-1].error_message} (code {events[-1].error_code})")
    assert events[-1].finished, events
    return "".join(token.text for event in events for token in event.tokens if token.is_final)


def config(stream):
    return RealtimeTTSConfig(
        stream_id=stream, model="tts-rt-v2", language="en", voice="Adrian", audio_format="pcm_s16le", sample_rate=RATE
    )


def speak(minted, base_url=None):
    """The samples of the sentence."""
    with client(minted, base_url).realtime.tts.connect(config=config("one")) as connection:
        # A refused connection may close before all is sent.
        with contextlib.suppress(SonioxRealtimeError):
            connection.send_text_chunks(iter(["Hello ", "there."]))
        return b"".join(connection.receive_audio_chunks())


def refusals(request, other, use):
    """Tokens that are refused, with a part of the message. The SDK does not read the message if the
    connection is closed before the configuration is sent.
    """
    spent = mint("soniox", **request)
    use(spent)
    return (
        ("used before", spent, "was used before. (code 401)"),
        ("expired", expired("soniox", **request), "has expired. (code 401)"),
        ("of another usage type", mint("soniox", **other), "(code 403)"),
        ("made up", {**mint("soniox", **request), "token": "snx_temp_made_up"}, "not known. (code 401)"),
    )


class Transcription(unittest.TestCase):
    def test_transcribes_with_and_without_tls(self):
        for base_url in (TLS, PLAIN):
            with self.subTest(base_url):
                self.assertEqual(listen(mint("soniox", **TRANSCRIPTION), base_url), "Hello from the")

    def test_rejects_invalid_tokens(self):
        for which, minted, message in refusals(TRANSCRIPTION, SPEECH, listen):
            with self.subTest(which), self.assertRaises(SonioxRealtimeError) as rejected:
                listen(minted)
            self.assertRegex(str(rejected.exception), f"{re.escape(message)}|^Failed to start ")

    def test_the_session_ends_at_the_limit_of_the_token(self):
        minted = mint("soniox", **TRANSCRIPTION, max_session_duration_seconds=1)
        stt = RealtimeSTTConfig(model="stt-rt-v5", audio_format="auto")
        with client(minted).realtime.stt.connect(config=stt) as session:
            *_, last = session.receive_events()
        self.assertEqual(last.error_code, 403)
        self.assertIn("has expired", last.error_message)


class Speech(unittest.TestCase):
    def test_speaks_with_and_without_tls(self):
        for base_url in (TLS, PLAIN):
            with self.subTest(base_url):
                assert_speech(self, speak(mint("soniox", **SPEECH), base_url), SENTENCE)

    def test_speaks_several_streams_on_one_connection(self):
        with client(mint("soniox", **SPEECH)).realtime.tts.connect_multi_stream() as connection:
            streams = [connection.open_stream(config=config(name)) for name in ("one", "two")]
            for stream in streams:
                stream.send_text_chunk(SENTENCE, text_end=True)
            for stream in streams:
                assert_speech(self, b"".join(stream.receive_audio_chunks()), SENTENCE)

    def test_rejects_invalid_tokens(self):
        for which, minted, message in refusals(SPEECH, TRANSCRIPTION, speak):
            with self.subTest(which), self.assertRaises(SonioxRealtimeError) as rejected:
                speak(minted)
            self.assertRegex(str(rejected.exception), f"{re.escape(message)}|^Failed to start ")


if __name__ == "__main__":
    unittest.main()
