// Runs each snippet of web/README.md as an app's module.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { hasSpoken, hasTranscript, run, shown, shows, snippetsOf } = require('./snippets');

const SNIPPETS = snippetsOf('web/README.md');

/** A word of each snippet, and its expected result. */
const EXPECTED = [
  ['"voicemint/cartesia"', () => hasSpoken() && shows(/^hello .*[^…]$/i)()],
  ['tokens.connect(', hasSpoken],
  ['@cartesia/cartesia-js', hasSpoken],
  ['@elevenlabs/client', hasTranscript],
  ['"assemblyai"', hasTranscript],
  ['onUnauthenticated', shows(/^\d{4}-\d\d-\d\dT/)],
];

test('every snippet of web/README.md is tested', () => {
  const unknown = SNIPPETS.filter((code) => !EXPECTED.some(([word]) => code.includes(word)));
  assert.deepEqual(unknown, []);
  assert.equal(SNIPPETS.length, EXPECTED.length);
});

for (const [word, done] of EXPECTED) {
  test(`the snippet with ${word} works`, async () => {
    const code = SNIPPETS.find((snippet) => snippet.includes(word));
    assert.ok(code);
    await run(code, done);
  });
}

const MADE_UP = { token: 'made-up' };
const MADE_UP_SOCKET = ({ token, connect }) => ({ connect: JSON.parse(JSON.stringify(connect).replaceAll(token, 'made-up')) });
const snippet = (word) => SNIPPETS.find((code) => code.includes(word));

test('the snippet with a WebSocket reports a rejected token', async () => {
  await assert.rejects(run(snippet('tokens.connect('), () => true, MADE_UP_SOCKET), { code: 'connection_failed' });
});

test('the snippet with a WebSocket shows an error message and closes', async () => {
  await run(snippet('tokens.connect(').replace('"sonic-3.5"', '7'), () => shown().length > 0);
  await new Promise((wake) => { setTimeout(wake, 200); });
  assert.equal(shown().length, 1, shown().join('; '));
  assert.match(shown()[0], /model/i);
});

test('the ElevenLabs snippet shows the error of an unknown token', async () => {
  await run(snippet('@elevenlabs/client'), shows(/not known/), MADE_UP);
});

test('the AssemblyAI snippet shows the error of an unknown token', async () => {
  await assert.rejects(run(snippet('"assemblyai"'), () => true, MADE_UP), { code: 1008, message: /not known/ });
});
