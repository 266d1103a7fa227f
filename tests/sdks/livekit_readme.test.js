// Runs the snippet of functions/livekit/README.md as an app's module.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { run, shows, snippetsOf } = require('./snippets');

test('the snippet gets a token for a room', async () => {
  const [snippet, ...more] = snippetsOf('functions/livekit/README.md');
  assert.equal(more.length, 0);
  await run(snippet, shows(/^wss:.* accepts a token of \d{3} characters$/));
});
