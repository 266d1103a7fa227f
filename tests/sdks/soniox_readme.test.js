// Runs each snippet of functions/soniox/README.md as an app's module.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { hasSpoken, hasTranscript, run, shown, shows, snippetsOf } = require('./snippets');

const SNIPPETS = snippetsOf('functions/soniox/README.md');

/** A word of each snippet, its expected result, and how it is told that a token is refused. */
const EXPECTED = [
  ['connect.transcribe_websocket;', hasTranscript],
  ['connect.tts_rt;', hasSpoken],
  ['@soniox/client', hasTranscript],
];
const snippet = (word) => SNIPPETS.find((code) => code.includes(word));

const madeUp = ({ token, connect }) => JSON.parse(JSON.stringify({ token, connect }).replaceAll(token, 'snx_temp_made_up'));

test('every snippet of the README is tested', () => {
  const unknown = SNIPPETS.filter((code) => !EXPECTED.some(([word]) => code.includes(word)));
  assert.deepEqual(unknown, []);
  assert.equal(SNIPPETS.length, EXPECTED.length);
});

for (const [word, done] of EXPECTED) {
  test(`the snippet with ${word} works`, async () => {
    await run(snippet(word), done);
    if (done === hasTranscript) assert.deepEqual(shown(), ['Hello from the']);
  });

  test(`the snippet with ${word} shows that a token is refused`, async () => {
    await run(snippet(word), shows(/^Invalid\/expired temporary API key\. It is not known\.$/), madeUp);
  });
}
