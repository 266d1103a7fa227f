// Runs each snippet of functions/deepgram/README.md as an app's module.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { hasSpoken, hasTranscript, run, shows, snippetsOf } = require('./snippets');

const SNIPPETS = snippetsOf('functions/deepgram/README.md');

/** A word of each snippet, and its expected result. */
const EXPECTED = [
  ['new WebSocket(', hasTranscript],
  ['@deepgram/sdk', hasSpoken],
];

const snippet = (word) => SNIPPETS.find((code) => code.includes(word));

test('every snippet of the README is tested', () => {
  assert.equal(SNIPPETS.length, EXPECTED.length);
  assert.ok(EXPECTED.every(([word]) => snippet(word)));
});

for (const [word, done] of EXPECTED) {
  test(`the snippet with ${word} works`, () => run(snippet(word), done));
}

const madeUp = ({ token, connect }) => ({ token: 'made-up', connect: JSON.parse(JSON.stringify(connect).replaceAll(token, 'made-up')) });

test('the snippet with a WebSocket reports a refused token', async () => {
  await run(snippet('new WebSocket('), shows(/^The token was refused/, /closed: 1006$/), madeUp);
});

test('the snippet with the SDK reports a refused token', async () => {
  await run(snippet('@deepgram/sdk'), shows(/401/), madeUp).catch((error) => assert.match(error.message, /401/));
});
