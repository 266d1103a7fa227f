// Runs each snippet of functions/openai/README.md as an app's module.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { hasSpoken, hasTranscript, run, shown, shows, snippetsOf } = require('./snippets');

const SNIPPETS = snippetsOf('functions/openai/README.md');
const ANSWER = shows(/^The stand-in heard \w+ words?\.$/);

/** A word of each snippet, its expected result, and that of a made-up token. */
const EXPECTED = [
  ['connect.realtime.protocols', () => hasSpoken() && ANSWER(), shows(/refused/)],
  ['connect.transcription', hasTranscript, shows(/refused/)],
  ['openai/realtime/websocket', () => hasSpoken() && ANSWER(), () => shown().length > 0],
  ['@openai/agents-realtime', () => hasSpoken() && ANSWER(), undefined],
];

const MADE_UP = ({ token, connect }) => ({
  token: 'ek_made_up', connect: JSON.parse(JSON.stringify(connect).replaceAll(token, 'ek_made_up')),
});

const snippet = (word) => {
  const found = SNIPPETS.filter((code) => code.includes(word));
  assert.equal(found.length, 1, word);
  return found[0];
};

test('every snippet is tested', () => {
  assert.equal(SNIPPETS.length, EXPECTED.length);
});

for (const [word, done, refused] of EXPECTED) {
  test(`the snippet with ${word} works`, async () => {
    await run(snippet(word), done);
  });

  test(`the snippet with ${word} reports a refused token`, async () => {
    if (refused) return run(snippet(word), refused, MADE_UP);
    // The Agents SDK rejects, with the event of the socket.
    return assert.rejects(run(snippet(word), () => true, MADE_UP), ({ message }) => /401/.test(message));
  });
}
