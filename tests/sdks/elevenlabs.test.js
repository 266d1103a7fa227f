// @elevenlabs/elevenlabs-js with tokens from Voicemint.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');

const { AudioFormat, ElevenLabsClient, ElevenLabsError, RealtimeEvents } = require('@elevenlabs/elevenlabs-js');
const { RATE, chunks } = require('./audio');
const { events, mint, plain, tls } = require('./voicemint');

const realtime = () => mint('elevenlabs', { token_type: 'realtime_scribe' });
const batch = () => mint('elevenlabs', { token_type: 'batch_scribe' });
const madeUp = async () => ({ ...(await batch()), token: 'made-up' });

/** The SDK requires a key. A retry would send a token that may already be used. */
const client = (baseUrl) => new ElevenLabsClient({ apiKey: 'unused', baseUrl, maxRetries: 0 });

async function listen({ token, base_url }, baseUrl = base_url) {
  const connection = await client(baseUrl).speechToText.realtime.connect({
    modelId: 'scribe_v2_realtime',
    token,
    audioFormat: AudioFormat.PCM_16000,
    sampleRate: RATE,
  });
  connection.on(RealtimeEvents.SESSION_STARTED, () => {
    for (const chunk of chunks()) connection.send({ audioBase64: chunk.toString('base64') });
    connection.commit();
  });
  connection.on(RealtimeEvents.COMMITTED_TRANSCRIPT, () => connection.close());
  return events(connection, 'session_started', 'partial_transcript', 'committed_transcript', 'error', 'close');
}

function transcribe({ token, base_url }) {
  const file = new Blob(chunks(), { type: 'audio/wav' });
  return client(base_url).speechToText.convert({ modelId: 'scribe_v2', token, file });
}

describe('@elevenlabs/elevenlabs-js: Scribe in real time', () => {
  for (const [how, url] of Object.entries({ 'over TLS': tls, 'without TLS': plain })) {
    test(`transcribes ${how}`, async () => {
      const received = await listen(await realtime(), url);
      const names = [...new Set(received.map(([name]) => name))];
      assert.deepEqual(names, ['session_started', 'partial_transcript', 'committed_transcript', 'close']);
      assert.match(received.find(([name]) => name === 'partial_transcript')[1].text, /\w/);
      assert.match(received.at(-2)[1].text, /\w/);
    });
  }

  const refusals = {
    'a token that was used before': async () => {
      const minted = await realtime();
      await listen(minted);
      return [minted, /used/];
    },
    'a token of another type': async () => [await batch(), /type/],
    'a made-up token': async () => [await madeUp(), /not known/],
  };
  for (const [which, minted] of Object.entries(refusals)) {
    test(`rejects ${which}`, async () => {
      const [token, reason] = await minted();
      const [[name, error], [last]] = await listen(token);
      assert.deepEqual([name, error.message_type, last], ['error', 'auth_error', 'close']);
      assert.match(error.error, reason);
    });
  }
});

describe('@elevenlabs/elevenlabs-js: Scribe for files', () => {
  test('transcribes', async () => {
    const result = await transcribe(await batch());
    assert.match(result.text, /\w/);
  });

  const refusals = {
    'a token that was used before': async () => {
      const minted = await batch();
      await transcribe(minted);
      return [minted, 401, 'token_already_used'];
    },
    'a token of another type': async () => [await realtime(), 403, 'wrong_token_type'],
    'a made-up token': async () => [await madeUp(), 401, 'invalid_token'],
  };
  for (const [which, minted] of Object.entries(refusals)) {
    test(`rejects ${which}`, async () => {
      const [token, statusCode, code] = await minted();
      await assert.rejects(transcribe(token), (error) => {
        assert.ok(error instanceof ElevenLabsError, error);
        assert.deepEqual([error.statusCode, error.body.detail.code], [statusCode, code]);
        return true;
      });
    });
  }
});
