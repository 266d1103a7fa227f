"""assemblyai with tokens from Voicemint."""

import unittest

from assemblyai.streaming.v3 import StreamingClient, StreamingClientOptions, StreamingEvents, StreamingParameters

from audio import CHUNKS, RATE
from voicemint import PLAIN, TLS, expired, mint


def listen(minted, host=None):
    """All events of a session, in order."""
    events = []
    client = StreamingClient(
        StreamingClientOptions(token=minted["token"], api_host=host or minted["base_url"].replace("http", "ws"))
    )
    for event in (StreamingEvents.Begin, StreamingEvents.Turn, StreamingEvents.Termination, StreamingEvents.Error):
        client.on(event, lambda _, value, name=event.name: events.append((name, value)))
    client.connect(StreamingParameters(sample_rate=RATE))
    client.stream(CHUNKS)
    client.disconnect(terminate=True)
    return events


class Streaming(unittest.TestCase):
    def test_transcribes_with_and_without_tls(self):
        for host in (TLS.removeprefix("https://"), PLAIN.replace("http", "ws")):
            with self.subTest(host):
                events = listen(mint("assemblyai"), host)
                names = [name for name, _ in events]
                self.assertEqual((names[0], names[-1]), ("Begin", "Termination"))
                self.assertNotIn("Error", names)
                turn = dict(events)["Turn"]
                self.assertTrue(turn.end_of_turn)
                self.assertRegex(turn.transcript, r"\w")

    def test_rejects_invalid_tokens(self):
        spent = mint("assemblyai")
        listen(spent)
        cases = (
            ("used before", spent, "used"),
            ("expired", expired("assemblyai"), "expired"),
            ("made up", {**mint("assemblyai"), "token": "made-up"}, "known"),
            ("for agents", mint("assemblyai", product="agent"), "known"),
        )
        for which, minted, reason in cases:
            with self.subTest(which):
                [(name, error)] = listen(minted)
                self.assertEqual((name, type(error).__name__, error.code), ("Error", "RealTimeError", 1008))
                self.assertIn(reason, str(error))


if __name__ == "__main__":
    unittest.main()
