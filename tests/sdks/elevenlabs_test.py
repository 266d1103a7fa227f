"""elevenlabs with tokens from Voicemint. Its TTS socket accepts no tokens: see
elevenlabs_speech.test.js.
"""

import asyncio
import base64
import unittest

from elevenlabs import AudioFormat, ElevenLabs, RealtimeEvents
from elevenlabs.core import ApiError

from audio import CHUNKS, RATE
from voicemint import PLAIN, TLS, mint


def realtime():
    return mint("elevenlabs", token_type="realtime_scribe")


def batch():
    return mint("elevenlabs", token_type="batch_scribe")


async def listen(minted, base_url=None):
    """All events of a connection, in order, until it closes."""
    events = []
    closed = asyncio.Event()
    connection = await ElevenLabs(base_url=base_url or minted["base_url"]).speech_to_text.realtime.connect(
        {
            "model_id": "scribe_v2_realtime",
            "token": minted["token"],
            "audio_format": AudioFormat.PCM_16000,
            "sample_rate": RATE,
        }
    )
    tasks = []

    async def speak():
        for chunk in CHUNKS:
            await connection.send({"audio_base_64": base64.b64encode(chunk).decode()})
        await connection.commit()

    def on(event, then=None):
        def record(value):
            events.append((event.value, value))
            if then:
                tasks.append(asyncio.ensure_future(then()))

        connection.on(event, record)

    async def close():
        await connection.close()

    on(RealtimeEvents.SESSION_STARTED, speak)
    on(RealtimeEvents.PARTIAL_TRANSCRIPT)
    on(RealtimeEvents.COMMITTED_TRANSCRIPT, close)
    on(RealtimeEvents.ERROR)
    connection.on(RealtimeEvents.CLOSE, lambda value: (events.append(("close", value)), closed.set()))
    try:
        await asyncio.wait_for(closed.wait(), 10)
    except asyncio.TimeoutError:
        raise AssertionError(f"the connection did not close after {events}") from None
    await asyncio.gather(*tasks)
    return events


def transcribe(minted):
    # The SDK's retries would send the token again, without the form.
    return ElevenLabs(base_url=minted["base_url"]).speech_to_text.convert(
        model_id="scribe_v2",
        token=minted["token"],
        file=("speech.wav", b"".join(CHUNKS), "audio/wav"),
        request_options={"max_retries": 0},
    )


class ScribeInRealTime(unittest.IsolatedAsyncioTestCase):
    async def test_transcribes_with_and_without_tls(self):
        for base_url in (TLS, PLAIN):
            with self.subTest(base_url):
                events = await listen(realtime(), base_url)
                names = [name for name, _ in events]
                self.assertEqual((names[0], names[-2], names[-1]), ("session_started", "committed_transcript", "close"))
                self.assertNotIn("error", names)
                self.assertRegex(dict(events)["partial_transcript"]["text"], r"\w")
                self.assertRegex(dict(events)["committed_transcript"]["text"], r"\w")
                self.assertEqual(dict(events)["close"]["code"], 1000)

    async def test_rejects_invalid_tokens(self):
        spent = realtime()
        await listen(spent)
        cases = (
            ("used before", spent, "used"),
            ("of another type", batch(), "type"),
            ("made up", {**realtime(), "token": "made-up"}, "not known"),
        )
        for which, minted, reason in cases:
            with self.subTest(which):
                events = await listen(minted)
                name, error = events[0]
                self.assertEqual((name, error["message_type"]), ("error", "auth_error"))
                self.assertIn(reason, error["error"])
                name, close = events[-1]
                self.assertEqual((name, close["code"]), ("close", 1008))


class ScribeForFiles(unittest.TestCase):
    def test_transcribes(self):
        self.assertRegex(transcribe(batch()).text, r"\w")

    def test_rejects_invalid_tokens(self):
        spent = batch()
        transcribe(spent)
        cases = (
            ("used before", spent, 401, "token_already_used"),
            ("of another type", realtime(), 403, "wrong_token_type"),
            ("made up", {**batch(), "token": "made-up"}, 401, "invalid_token"),
        )
        for which, minted, status, code in cases:
            with self.subTest(which), self.assertRaises(ApiError) as rejected:
                transcribe(minted)
            error = rejected.exception
            self.assertEqual((error.status_code, error.body["detail"]["code"]), (status, code))


if __name__ == "__main__":
    unittest.main()
