"""elevenlabs has conversations by signed URLs from Voicemint. The SDK fetches the URL with the API
key, so an app without a key overrides that method.
"""

import threading
import time
import unittest

from elevenlabs import ElevenLabs
from elevenlabs.conversational_ai.conversation import AudioInterface, Conversation, ConversationInitiationData

from audio import CHUNKS, assert_speech
from voicemint import mint

GREETING = "Hello from the stand-in."


class BrokeredConversation(Conversation):
    """A conversation by the signed URL of a response."""

    def __init__(self, signed_url, **more):
        super().__init__(ElevenLabs(api_key="none"), "by the profile", requires_auth=True, **more)
        self._signed_url = signed_url

    def _get_signed_url(self):
        return self._signed_url


class Speaker(AudioInterface):
    """Plays nothing, and speaks when it has heard enough."""

    def __init__(self, speaks_after):
        self.heard = b""
        self._speaks_after = speaks_after
        self._send = None
        self.interrupted = threading.Event()

    def start(self, input_callback):
        self._send = input_callback

    def stop(self):
        self._send = None

    def output(self, audio):
        self.heard += audio
        if self._send and len(self.heard) >= self._speaks_after:
            send, self._send = self._send, None
            for chunk in CHUNKS:
                send(chunk)

    def interrupt(self):
        self.interrupted.set()


class Record:
    """What the SDK reports."""

    def __init__(self):
        self.events = []
        self._changed = threading.Condition()

    def note(self, who):
        def callback(*details):
            with self._changed:
                self.events.append((who, *details))
                self._changed.notify_all()

        return callback

    def callbacks(self):
        return {
            "callback_agent_response": self.note("agent"),
            "callback_user_transcript": self.note("user"),
            "callback_disconnect": self.note("disconnected"),
        }

    def wait(self, who, count=1, timeout=10):
        """The last of `count` events."""
        with self._changed:
            found = lambda: [event for event in self.events if event[0] == who]  # noqa: E731
            if not self._changed.wait_for(lambda: len(found()) >= count, timeout):
                raise AssertionError(f"no {who}: {self.events}")
            return found()[count - 1]


class ConversationTest(unittest.TestCase):
    def conversation(self, signed_url, speaker, **more):
        record = Record()
        conversation = BrokeredConversation(signed_url, audio_interface=speaker, **record.callbacks(), **more)
        conversation.start_session()
        self.addCleanup(conversation.end_session)
        return conversation, record

    def test_the_agent_greets_hears_and_answers(self):
        minted = mint("elevenlabs-agents")
        whole = len(GREETING) * 32_000 // 12 - 1000
        speaker = Speaker(whole)
        conversation, record = self.conversation(minted["token"], speaker)
        self.assertEqual(record.wait("agent"), ("agent", GREETING))
        self.assertRegex(record.wait("user")[1], "^Hello from the")
        self.assertEqual(record.wait("agent", 2), ("agent", "The stand-in heard 3 words."))
        conversation.end_session()
        self.assertEqual(conversation.wait_for_session_end(), minted["conversation_id"])

    def test_the_greeting_can_be_heard(self):
        speaker = Speaker(1 << 30)
        conversation, record = self.conversation(mint("elevenlabs-agents")["token"], speaker)
        record.wait("agent")
        deadline = time.monotonic() + 10
        while len(speaker.heard) < len(GREETING) * 32_000 // 12 - 1000 and time.monotonic() < deadline:
            time.sleep(0.05)
        conversation.end_session()
        assert_speech(self, speaker.heard, GREETING)

    def test_speech_interrupts_the_agent(self):
        speaker = Speaker(1)
        _, record = self.conversation(mint("elevenlabs-agents")["token"], speaker)
        self.assertTrue(speaker.interrupted.wait(10))
        record.wait("user")

    def test_a_text_conversation_has_no_audio(self):
        conversation, record = self.conversation(mint("elevenlabs-agents", profile="support")["token"], None)
        record.wait("agent")
        conversation.send_user_message("Hello there")
        self.assertEqual(record.wait("agent", 2), ("agent", "The stand-in heard 2 words."))

    def test_a_spent_or_made_up_url_is_refused(self):
        spent = mint("elevenlabs-agents")["token"]
        conversation, record = self.conversation(spent, Speaker(1 << 30))
        record.wait("agent")
        conversation.end_session()
        for url, reason in ((spent, "used before"), (mint("elevenlabs-agents")["token"][:-6] + "madeup", "Invalid signature")):
            with self.subTest(reason):
                _, record = self.conversation(url, Speaker(1 << 30))
                details = record.wait("disconnected")[1]
                self.assertIn(reason, str(vars(details)))
                self.assertEqual([event for event in record.events if event[0] == "agent"], [])

    def test_an_override_that_the_agent_does_not_permit_is_refused(self):
        config = ConversationInitiationData(conversation_config_override={"agent": {"first_message": "Hi."}})
        _, record = self.conversation(mint("elevenlabs-agents")["token"], Speaker(1 << 30), config=config)
        self.assertIn("first_message", str(vars(record.wait("disconnected")[1])))
        _, record = self.conversation(mint("elevenlabs-agents", profile="support")["token"], Speaker(1 << 30), config=config)
        self.assertEqual(record.wait("agent"), ("agent", "Hi."))


if __name__ == "__main__":
    unittest.main()
