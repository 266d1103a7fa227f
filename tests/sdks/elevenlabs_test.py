"""elevenlabs with tokens of Voicemint's. Its socket for speech takes none: elevenlabs_speech.test.js."""

import asyncio
import base64
import unittest

from elevenlabs import AudioFormat, ElevenLabs, RealtimeEvents
from elevenlabs.core import ApiError

from sound import PIECES, RATE
from voicemint import PLAIN, TLS, mint


def realtime():
    return mint("elevenlabs", token_type="realtime_scribe")


def batch():
    return mint("elevenlabs", token_type="batch_scribe")


async def listen(minted, base_url=None):
    """Everything that it tells, in order, until it is closed."""
    told = []
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
        for piece in PIECES:
            await connection.send({"audio_base_64": base64.b64encode(piece).decode()})
        await connection.commit()

    def on(event, then=None):
        def tell(what):
            told.append((event.value, what))
            if then:
                tasks.append(asyncio.ensure_future(then()))

        connection.on(event, tell)

    async def close():
        await connection.close()

    on(RealtimeEvents.SESSION_STARTED, speak)
    on(RealtimeEvents.PARTIAL_TRANSCRIPT)
    on(RealtimeEvents.COMMITTED_TRANSCRIPT, close)
    on(RealtimeEvents.ERROR)
    connection.on(RealtimeEvents.CLOSE, lambda what: (told.append(("close", what)), closed.set()))
    try:
        await asyncio.wait_for(closed.wait(), 10)
    except asyncio.TimeoutError:
        raise AssertionError(f"it did not close after {told}") from None
    await asyncio.gather(*tasks)
    return told


def transcribe(minted):
    # Its retries would show the token again, and without the form.
    return ElevenLabs(base_url=minted["base_url"]).speech_to_text.convert(
        model_id="scribe_v2",
        token=minted["token"],
        file=("speech.wav", b"".join(PIECES), "audio/wav"),
        request_options={"max_retries": 0},
    )


class ScribeInRealTime(unittest.IsolatedAsyncioTestCase):
    async def test_hears_with_and_without_tls(self):
        for base_url in (TLS, PLAIN):
            with self.subTest(base_url):
                told = await listen(realtime(), base_url)
                names = [name for name, _ in told]
                self.assertEqual((names[0], names[-2], names[-1]), ("session_started", "committed_transcript", "close"))
                self.assertNotIn("error", names)
                self.assertRegex(dict(told)["partial_transcript"]["text"], r"\w")
                self.assertRegex(dict(told)["committed_transcript"]["text"], r"\w")
                self.assertEqual(dict(told)["close"]["code"], 1000)

    async def test_refuses(self):
        spent = realtime()
        await listen(spent)
        cases = (
            ("used before", spent, "used"),
            ("of another type", batch(), "type"),
            ("made up", {**realtime(), "token": "made-up"}, "not known"),
        )
        for which, minted, reason in cases:
            with self.subTest(which):
                told = await listen(minted)
                name, error = told[0]
                self.assertEqual((name, error["message_type"]), ("error", "auth_error"))
                self.assertIn(reason, error["error"])
                name, close = told[-1]
                self.assertEqual((name, close["code"]), ("close", 1008))


class ScribeForFiles(unittest.TestCase):
    def test_hears(self):
        self.assertRegex(transcribe(batch()).text, r"\w")

    def test_refuses(self):
        spent = batch()
        transcribe(spent)
        cases = (
            ("used before", spent, 401, "token_already_used"),
            ("of another type", realtime(), 403, "wrong_token_type"),
            ("made up", {**batch(), "token": "made-up"}, 401, "invalid_token"),
        )
        for which, minted, status, code in cases:
            with self.subTest(which), self.assertRaises(ApiError) as refused:
                transcribe(minted)
            error = refused.exception
            self.assertEqual((error.status_code, error.body["detail"]["code"]), (status, code))


if __name__ == "__main__":
    unittest.main()
