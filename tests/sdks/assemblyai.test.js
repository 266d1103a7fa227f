// assemblyai with tokens of Voicemint's.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');

const { StreamingTranscriber } = require('assemblyai');
const { RATE, pieces } = require('./sound');
const { expired, mint, tls } = require('./voicemint');

/** Its defaults show a refused token three times: only where a test is about that, it may. */
function transcriber({ token }, options = { maxConnectionRetries: 0 }) {
  const websocketBaseUrl = `${tls.replace('http', 'ws')}/v3/ws`;
  return new StreamingTranscriber({ token, websocketBaseUrl, sampleRate: RATE, ...options });
}

/** Everything that it tells from its start to its end. */
async function listen(minted, options) {
  const session = transcriber(minted, options);
  const [turns, errors] = [[], []];
  session.on('turn', (turn) => turns.push(turn));
  session.on('error', (error) => errors.push(error));
  const began = await session.connect();
  pieces().forEach((piece) => session.sendAudio(piece));
  const asked = performance.now();
  await session.close();
  // It waits for the session's end to be confirmed, but says nothing if that never comes.
  assert.ok(performance.now() - asked < 4_000, 'the end is confirmed');
  return { began, turns, errors };
}

function assertHeard({ began, turns, errors }) {
  assert.deepEqual([began.type, errors], ['Begin', []]);
  assert.match(turns.at(-1).transcript, /\w/);
  assert.equal(turns.at(-1).end_of_turn, true);
}

describe('assemblyai', () => {
  test('hears', async () => {
    assertHeard(await listen(await mint('assemblyai')));
  });

  const refusals = {
    'a token that was used before': async () => {
      const minted = await mint('assemblyai');
      await listen(minted);
      return [minted, /used/];
    },
    'an expired token': async () => [await expired('assemblyai'), /expired/],
    'a made-up token': async () => [{ token: 'made-up' }, /not .* known/],
  };
  for (const [which, minted] of Object.entries(refusals)) {
    test(`refuses ${which}`, async () => {
      const [shown, reason] = await minted();
      await assert.rejects(transcriber(shown).connect(), { name: 'Error', code: 1008, message: reason });
    });
  }
});

describe('assemblyai with the retries that it makes by default', () => {
  test('hears: nothing spends the token before the session begins', async () => {
    assertHeard(await listen(await mint('assemblyai'), {}));
  });

  test('says in the end that the token was used before', async (context) => {
    const minted = await mint('assemblyai');
    await listen(minted);
    const warn = context.mock.method(console, 'warn', () => {});
    await assert.rejects(transcriber(minted, {}).connect(), { code: 1008, message: /used/ });
    assert.equal(warn.mock.callCount(), 2, 'a warning for each try but the last');
  });
});
