"""Sound as it goes over the wire: 16-bit samples in little-endian order, one channel."""

import io
import math
import struct
import wave

RATE = 16_000

# Nine tenths of a second of a tone, in pieces such as a microphone gives.
_TONE = [round(8_000 * math.sin(2 * math.pi * 440 * at / RATE)) for at in range(RATE * 9 // 10)]
PIECES = [struct.pack("<4800h", *_TONE[start : start + 4800]) for start in (0, 4800, 9600)]


def assert_spoken(test, samples, text):
    """Fails unless the samples are loud, and last as long as the stand-ins take: a twelfth of a second a character."""
    test.assertEqual(len(samples) % 2, 0, "whole samples")
    test.assertAlmostEqual(len(samples) / 2 / RATE, len(text) / 12, delta=0.05)
    test.assertGreater(max(abs(sample) for (sample,) in struct.iter_unpack("<h", samples)), 4_000)


def samples_of(test, file):
    """The samples of a WAV file."""
    with wave.open(io.BytesIO(file)) as sound:
        test.assertEqual((sound.getnchannels(), sound.getsampwidth(), sound.getframerate()), (1, 2, RATE))
        samples = sound.readframes(sound.getnframes())
    test.assertEqual(len(samples), len(file) - 44)
    return samples
