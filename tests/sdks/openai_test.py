"""openai with tokens from Voicemint."""

import base64
import unittest

from openai import OpenAI
from websockets.exceptions import InvalidStatus

from audio import CHUNKS
from voicemint import PLAIN, TLS, expired, mint

# Speech, and the silence that ends a turn: 16-bit samples at 24 kHz.
SPEECH = [base64.b64encode(chunk).decode() for chunk in (*CHUNKS, bytes(48 * 600))]


def client(minted, base_url=None):
    return OpenAI(api_key=minted["token"], base_url=f"{base_url or minted['base_url']}/v1", max_retries=0)


def conversation(minted, base_url=None, **options):
    return client(minted, base_url).realtime.connect(**{"model": "gpt-realtime", **options})


def transcription(minted):
    return client(minted).realtime.connect(extra_query={"intent": "transcription"})


def translation(minted, base_url=None):
    return client(minted, base_url).realtime.translations.connect(model="gpt-realtime-translate")


def until(connection, last):
    """All events until one of this type."""
    events = []
    while not events or events[-1].type != last:
        events.append(connection.recv())
        if events[-1].type == "error":
            raise AssertionError(events[-1])
    return events


def deltas(events, name):
    return [event.delta for event in events if event.type == name]


class Realtime(unittest.TestCase):
    def test_talks_with_and_without_tls(self):
        for base_url in (TLS, PLAIN):
            with self.subTest(base_url), conversation(mint("openai"), base_url) as connection:
                for audio in SPEECH:
                    connection.input_audio_buffer.append(audio=audio)
                events = until(connection, "response.done")
                self.assertIn("online shop", events[0].session.instructions)
                spoken = "".join(deltas(events, "response.output_audio_transcript.delta"))
                self.assertRegex(spoken, r"^The stand-in heard \w+ words\.$")
                audio = b"".join(map(base64.b64decode, deltas(events, "response.output_audio.delta")))
                # 12 characters per second.
                self.assertEqual(len(audio), len(spoken) * 2000 * 2)
                self.assertTrue(any(audio))

    def test_changes_the_session_as_nothing_is_locked(self):
        with conversation(mint("openai"), model="gpt-realtime-2.1") as connection:
            connection.session.update(session={"type": "realtime", "instructions": "Be rude."})
            session = until(connection, "session.updated")[-1].session
            self.assertEqual((session.instructions, session.model), ("Be rude.", "gpt-realtime-2.1"))

    def test_transcribes(self):
        with transcription(mint("openai", profile="dictation")) as connection:
            for audio in SPEECH:
                connection.input_audio_buffer.append(audio=audio)
            events = until(connection, "conversation.item.input_audio_transcription.completed")
            self.assertEqual(events[0].session.type, "transcription")
            self.assertRegex(events[-1].transcript, "^Hello from")

    def test_rejects_invalid_tokens(self):
        spent = mint("openai")
        with conversation(spent) as connection:
            until(connection, "session.created")
        for which, minted, reason in (
            ("used before", spent, "used before"),
            ("expired", expired("openai", expires_in=10), "expired"),
            ("of another product", mint("openai", profile="dictation"), "another type"),
            ("made up", {**mint("openai"), "token": "ek_made_up"}, "not known"),
        ):
            with self.subTest(which), self.assertRaises(InvalidStatus) as refused, conversation(minted):
                self.fail("it connected")
            self.assertEqual(refused.exception.response.status_code, 401)
            self.assertIn(reason, refused.exception.response.body.decode())


class Translations(unittest.TestCase):
    def test_translates_with_and_without_tls(self):
        for base_url in (TLS, PLAIN):
            minted = mint("openai", profile="french")
            with self.subTest(base_url), translation(minted, base_url) as connection:
                for audio in SPEECH:
                    connection.session.input_audio_buffer.append(audio=audio)
                connection.session.close()
                events = until(connection, "session.closed")
                self.assertEqual(events[0].session.audio.output.language, "fr")
                self.assertRegex("".join(deltas(events, "session.input_transcript.delta")), "^Hello from")
                self.assertRegex("".join(deltas(events, "session.output_transcript.delta")), "^The stand-in heard")
                audio = b"".join(map(base64.b64decode, deltas(events, "session.output_audio.delta")))
                self.assertTrue(any(audio))

    def test_rejects_invalid_tokens(self):
        for profile in ("dictation", "default"):
            with self.subTest(profile), self.assertRaisesRegex(InvalidStatus, "401"), translation(mint("openai", profile=profile)):
                self.fail("it connected")


if __name__ == "__main__":
    unittest.main()
