// Runs each snippet of functions/assemblyai/README.md as an app's module.

const assert = require('node:assert/strict');
const { after, test } = require('node:test');

const { chunks } = require('./audio');
const { hasSpoken, hasTranscript, run, shown, shows, snippetsOf } = require('./snippets');

const [streaming, agent, ...others] = snippetsOf('functions/assemblyai/README.md');
const made_up = ({ token, connect }) => ({ connect: JSON.parse(JSON.stringify(connect).replaceAll(token, 'made-up')) });

after(() => globalThis.hangUp?.());

test('every snippet is tested', () => {
  assert.deepEqual(others, []);
});

test('the snippet for streaming transcribes', async () => {
  await run(streaming, hasTranscript);
  assert.match(shown()[0], /^Hello from/);
});

test('the snippet for agents converses until the user hangs up', async () => {
  // The silence ends the turn.
  globalThis.sound = async function* sound() {
    for (const chunk of [...chunks(), Buffer.alloc(24_000)]) yield new Uint8Array(chunk);
  };
  await run(agent, () => hasSpoken() && shown().length === 2);
  assert.deepEqual(shown(), ['Hello from.', 'The stand-in heard 2 words.']);
  globalThis.hangUp();
  await new Promise((wake) => { setTimeout(wake, 200); });
  assert.equal(shown().length, 2, 'the close is clean');
});

test('the snippets show why a token is refused', async () => {
  await run(streaming, shows(/not known/, /closed: .*not known/), made_up);
  await run(agent, shows(/not known/, /closed: .*not known/), made_up);
});
