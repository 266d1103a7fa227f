"""Audio as it is sent: 16-bit little-endian samples, one channel."""

import io
import math
import struct
import wave

RATE = 16_000

# A tone of 0.9 s, in chunks like those of a microphone.
_TONE = [round(8_000 * math.sin(2 * math.pi * 440 * at / RATE)) for at in range(RATE * 9 // 10)]
CHUNKS = [struct.pack("<4800h", *_TONE[start : start + 4800]) for start in (0, 4800, 9600)]


def assert_speech(test, samples, text):
    """Fails unless the samples are loud and as long as the stand-ins' speech: 12 characters per
    second.
    """
    test.assertEqual(len(samples) % 2, 0, "whole samples")
    test.assertAlmostEqual(len(samples) / 2 / RATE, len(text) / 12, delta=0.05)
    test.assertGreater(max(abs(sample) for (sample,) in struct.iter_unpack("<h", samples)), 4_000)


def samples_of(test, file):
    """The samples of a WAV file."""
    with wave.open(io.BytesIO(file)) as wav:
        test.assertEqual((wav.getnchannels(), wav.getsampwidth(), wav.getframerate()), (1, 2, RATE))
        samples = wav.readframes(wav.getnframes())
    test.assertEqual(len(samples), len(file) - 44)
    return samples
