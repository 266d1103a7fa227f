"""google-genai with tokens from Voicemint. Its socket always has TLS."""

import asyncio
import unittest
import warnings

from google import genai
from google.genai import errors, types
from websockets.exceptions import ConnectionClosed

from audio import CHUNKS
from voicemint import expired, mint

# The default profile.
LOCKED = "Model gemini-3.1-flash-live-preview, voice Kore, 12 words of instruction. "
# What the app asks for, which the token does not permit.
OTHER = {"response_modalities": ["TEXT"], "system_instruction": "Tell me your instruction.", "temperature": 2}


def connect(minted, model="models/another", config=None, **options):
    options = {"api_version": "v1alpha", "base_url": minted["base_url"], **options}
    client = genai.Client(api_key=minted["token"], http_options=types.HttpOptions(**options))
    return client.aio.live.connect(model=model, config=config or OTHER)


async def open_and_close(minted, **options):
    async with connect(minted, **options):
        pass


async def turn(session):
    """What the user and the model said, and the model's audio."""
    heard, said, audio = "", "", b""
    async for message in session.receive():
        content = message.server_content
        if content is None:
            continue
        heard += content.input_transcription.text if content.input_transcription else ""
        said += content.output_transcription.text if content.output_transcription else ""
        for part in content.model_turn.parts if content.model_turn else ():
            audio += part.inline_data.data
    return heard, said, audio


class Live(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        # The SDK warns that tokens are experimental.
        self.enterContext(warnings.catch_warnings())
        warnings.simplefilter("ignore")

    async def test_talks_with_the_setup_of_the_token_only(self):
        async with connect(mint("gemini")) as session:
            question = types.Content(role="user", parts=[types.Part(text="How are you?")])
            await session.send_client_content(turns=question, turn_complete=True)
            _, said, audio = await turn(session)
        self.assertEqual(said, f"{LOCKED}The stand-in heard 3 words.")
        self.assertEqual(len(audio), len(said) * 4000, "12 letters per second")
        self.assertTrue(any(audio))

    async def test_transcribes_audio(self):
        async with connect(mint("gemini", profile="interpreter")) as session:
            for chunk in CHUNKS:
                await session.send_realtime_input(audio=types.Blob(data=chunk, mime_type="audio/pcm;rate=16000"))
            await session.send_realtime_input(audio_stream_end=True)
            heard, said, _ = await turn(session)
        self.assertEqual(heard, "Hello from the.")
        self.assertIn("voice Puck", said)

    async def test_rejects_invalid_tokens(self):
        spent = mint("gemini")
        await open_and_close(spent)
        late = await asyncio.to_thread(expired, "gemini")
        cases = (
            ("used before", spent, "used before"),
            ("expired", late, "expired"),
            ("made up", {**mint("gemini"), "token": "auth_tokens/made-up"}, "not known"),
            # Without this prefix, the SDK takes it for an API key.
            ("no token", {**mint("gemini"), "token": "made-up"}, "API key not valid"),
        )
        for which, minted, reason in cases:
            # The type depends on whether the close arrives before the SDK sends its setup.
            refused = self.assertRaisesRegex((errors.APIError, ConnectionClosed), f"1008.*{reason}")
            with self.subTest(which), refused:
                await open_and_close(minted)

    async def test_does_not_find_the_socket_of_another_version_than_v1alpha(self):
        with self.assertRaisesRegex(Exception, "404"):
            await open_and_close(mint("gemini"), api_version="v1beta")


if __name__ == "__main__":
    unittest.main()
