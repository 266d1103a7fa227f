// Audio as it is sent: 16-bit little-endian samples, one channel.

const assert = require('node:assert/strict');

const RATE = 16_000;

/** A tone of 0.9 s, in chunks like those of a microphone. */
function chunks() {
  return [0, 1, 2].map((chunk) => {
    const samples = Buffer.alloc(0.3 * RATE * 2);
    for (let at = 0; at < samples.length; at += 2) {
      const seconds = chunk * 0.3 + at / 2 / RATE;
      samples.writeInt16LE(Math.round(8_000 * Math.sin(2 * Math.PI * 440 * seconds)), at);
    }
    return samples;
  });
}

/**
 * Fails unless the samples are loud and as long as the stand-ins' speech: 12 characters per second.
 */
function assertSpeech(samples, text) {
  assert.equal(samples.length % 2, 0, 'whole samples');
  const seconds = samples.length / 2 / RATE;
  assert.ok(Math.abs(seconds - text.length / 12) < 0.05, `${seconds} s for ${JSON.stringify(text)}`);
  let loudest = 0;
  for (let at = 0; at < samples.length; at += 2) loudest = Math.max(loudest, Math.abs(samples.readInt16LE(at)));
  assert.ok(loudest > 4_000, `the loudest sample is ${loudest}`);
}

/** The samples of a WAV file, whose header must have the right length. */
function samplesOf(wav) {
  assert.equal(wav.toString('latin1', 0, 4) + wav.toString('latin1', 8, 16), 'RIFFWAVEfmt ');
  const [format, channels, bits] = [20, 22, 34].map((at) => wav.readUInt16LE(at));
  assert.deepEqual([format, channels, bits, wav.readUInt32LE(24)], [1, 1, 16, RATE]);
  assert.equal(wav.readUInt32LE(40), wav.length - 44);
  return wav.subarray(44);
}

module.exports = { RATE, assertSpeech, chunks, samplesOf };
