// Runs each snippet of functions/gemini/README.md as an app's module.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { hasSpoken, run, shown, shows, snippetsOf } = require('./snippets');

const [sdk, alone, ...more] = snippetsOf('functions/gemini/README.md');

const madeUp = ({ token, connect }) => ({
  token: 'auth_tokens/made-up',
  connect: JSON.parse(JSON.stringify(connect).replaceAll(token, 'auth_tokens/made-up')),
});

test('there are two snippets', () => {
  assert.match(sdk, /@google\/genai/);
  assert.match(alone, /new WebSocket\(/);
  assert.deepEqual(more, []);
});

test('the snippet with @google/genai talks in the session of the profile', async () => {
  await run(sdk, shows(/^Model .*voice Kore/, /heard 4 words/, /^closed: /));
  assert.ok(hasSpoken());
});

test('the snippet with connect alone shows both sides', async () => {
  await run(alone, shows(/^You: Hello/, /^Gemini: Model .*voice Kore/, /^Gemini: The stand-in heard 3 words\.$/, /^closed: 1000$/));
});

test('the snippet with @google/genai reports an unknown token', async () => {
  await assert.rejects(run(sdk, () => true, madeUp), /not known/);
});

test('the snippet with connect alone shows why the socket closed', async () => {
  await run(alone, shows(/^closed: .*not known/), madeUp);
  assert.equal(shown().length, 1, shown().join('; '));
});
