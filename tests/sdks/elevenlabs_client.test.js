// @elevenlabs/client, the SDK for pages, with tokens from Voicemint. It uses the platform's
// WebSocket. The tests send the audio themselves, because there is no microphone.

const assert = require('node:assert/strict');
const { before, describe, mock, test } = require('node:test');

const { RATE, chunks } = require('./audio');
const { events, mint, plain, tls } = require('./voicemint');

let sdk;
before(async () => {
  sdk = await import('@elevenlabs/client');
  // The SDK logs each close.
  mock.method(console, 'log', () => {});
  mock.method(console, 'error', () => {});
});

const realtime = () => mint('elevenlabs', { token_type: 'realtime_scribe' });

function listen({ token, base_url }, baseUrl = base_url) {
  const connection = sdk.Scribe.connect({
    baseUri: baseUrl.replace('http', 'ws'),
    token,
    modelId: 'scribe_v2_realtime',
    audioFormat: sdk.AudioFormat.PCM_16000,
    sampleRate: RATE,
  });
  connection.on('session_started', () => {
    for (const chunk of chunks()) connection.send({ audioBase64: chunk.toString('base64') });
    connection.commit();
  });
  connection.on('committed_transcript', () => connection.close());
  return events(connection, 'session_started', 'partial_transcript', 'committed_transcript', 'error', 'close');
}

describe('@elevenlabs/client: Scribe in real time', () => {
  for (const [how, url] of Object.entries({ 'over TLS': tls, 'without TLS': plain })) {
    test(`transcribes ${how}`, async () => {
      const received = await listen(await realtime(), url);
      const names = [...new Set(received.map(([name]) => name))];
      assert.deepEqual(names, ['session_started', 'partial_transcript', 'committed_transcript', 'close']);
      assert.match(received.find(([name]) => name === 'partial_transcript')[1].text, /\w/);
      assert.match(received.at(-2)[1].text, /\w/);
      assert.equal(received.at(-1)[1].code, 1000);
    });
  }

  const refusals = {
    'a token that was used before': async () => {
      const minted = await realtime();
      await listen(minted);
      return [minted, /used/];
    },
    'a token of another type': async () => [await mint('elevenlabs', { token_type: 'batch_scribe' }), /type/],
    'a made-up token': async () => [{ ...(await realtime()), token: 'made-up' }, /not known/],
  };
  for (const [which, minted] of Object.entries(refusals)) {
    test(`rejects ${which}`, async () => {
      const [token, reason] = await minted();
      const received = await listen(token);
      const [[name, error]] = received;
      assert.deepEqual([name, error.message_type], ['error', 'auth_error']);
      assert.match(error.error, reason);
      const [last, close] = received.at(-1);
      assert.deepEqual([last, close.code], ['close', 1008]);
    });
  }
});
