// assemblyai with tokens from Voicemint.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');

const { StreamingTranscriber } = require('assemblyai');
const { RATE, chunks } = require('./audio');
const { expired, mint, tls } = require('./voicemint');

/** By default, the SDK sends a rejected token three times. Only tests of that use the default. */
function transcriber({ token }, options = { maxConnectionRetries: 0 }) {
  const websocketBaseUrl = `${tls.replace('http', 'ws')}/v3/ws`;
  return new StreamingTranscriber({ token, websocketBaseUrl, sampleRate: RATE, ...options });
}

/** All events of a session, from start to end. */
async function listen(minted, options) {
  const session = transcriber(minted, options);
  const [turns, errors] = [[], []];
  session.on('turn', (turn) => turns.push(turn));
  session.on('error', (error) => errors.push(error));
  const began = await session.connect();
  chunks().forEach((chunk) => session.sendAudio(chunk));
  const closing = performance.now();
  await session.close();
  // The SDK waits for the confirmation of the end, but does not report a timeout.
  assert.ok(performance.now() - closing < 4_000, 'the end was confirmed');
  return { began, turns, errors };
}

function assertTranscript({ began, turns, errors }) {
  assert.deepEqual([began.type, errors], ['Begin', []]);
  assert.match(turns.at(-1).transcript, /\w/);
  assert.equal(turns.at(-1).end_of_turn, true);
}

describe('assemblyai', () => {
  test('transcribes', async () => {
    assertTranscript(await listen(await mint('assemblyai')));
  });

  const refusals = {
    'a token that was used before': async () => {
      const minted = await mint('assemblyai');
      await listen(minted);
      return [minted, /used/];
    },
    'an expired token': async () => [await expired('assemblyai'), /expired/],
    'a made-up token': async () => [{ token: 'made-up' }, /not known/],
  };
  for (const [which, minted] of Object.entries(refusals)) {
    test(`rejects ${which}`, async () => {
      const [token, reason] = await minted();
      await assert.rejects(transcriber(token).connect(), { name: 'Error', code: 1008, message: reason });
    });
  }
});

describe('assemblyai with its default retries', () => {
  test('transcribes: nothing uses the token before the session begins', async () => {
    assertTranscript(await listen(await mint('assemblyai'), {}));
  });

  test('reports at the end that the token was used before', async (context) => {
    const minted = await mint('assemblyai');
    await listen(minted);
    const warn = context.mock.method(console, 'warn', () => {});
    await assert.rejects(transcriber(minted, {}).connect(), { code: 1008, message: /used/ });
    assert.equal(warn.mock.callCount(), 2, 'a warning for each try except the last');
  });
});
