// Runs each snippet of functions/elevenlabs-agents/README.md as an app's module.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { hasSpoken, hasTranscript, run, shows, snippetsOf } = require('./snippets');

const SNIPPETS = snippetsOf('functions/elevenlabs-agents/README.md');
const snippet = (word) => SNIPPETS.find((code) => code.includes(word));

/** The snippets leave their conversations open. */
const sockets = [];

before(async () => {
  globalThis.WebSocket = class extends globalThis.WebSocket {
    constructor(...details) {
      super(...details);
      sockets.push(this);
    }
  };
  // The browser's audio devices, for the SDK.
  const { createConnection, setSetupStrategy } = await import('@elevenlabs/client/internal');
  const device = { close: async () => {}, setMuted: async () => {}, setVolume: () => {}, interrupt: () => {} };
  setSetupStrategy(async (options) => {
    const connection = await createConnection(options);
    return { connection, input: device, output: device, playbackEventTarget: null, detach: async () => {} };
  });
});

// Without the wait for the end of the connection, up to 30 s in Node.js.
after(() => sockets.forEach((socket) => (socket.terminate ? socket.terminate() : socket.close())));

test('every snippet is tested', () => {
  assert.deepEqual(SNIPPETS.map((code) => ['signedUrl', 'livekitUrl', 'new WebSocket('].findIndex((word) => code.includes(word))), [0, 1, 2]);
});

test('the snippet for a WebSocket starts a conversation', async () => {
  await run(snippet('signedUrl'), shows(/^Hello from the stand-in\.$/));
});

test('the snippet for a WebSocket rejects a made-up token', async () => {
  await assert.rejects(run(snippet('signedUrl'), () => true, ({ token }) => ({ token: token.replace(/.{6}$/, 'madeup') })), /Invalid signature/);
});

test('the snippet for WebRTC says why there is no conversation', async () => {
  // There is no stand-in of LiveKit: nothing listens at the port of discard.
  await run(snippet('livekitUrl'), shows(/^The conversation did not start: /), { livekit_url: 'ws://127.0.0.1:9' });
});

test('the snippet with connect alone hears the agent and is heard', async () => {
  await run(snippet('new WebSocket('), () => hasSpoken() && hasTranscript() && shows(/heard 3 words/)());
});

test('the snippet with connect alone reports a made-up token', async () => {
  const forged = ({ token, connect }) => ({ connect: JSON.parse(JSON.stringify(connect).replaceAll(token, token.replace(/.{6}$/, 'madeup'))) });
  await run(snippet('new WebSocket('), shows(/^The connection is closed: Invalid signature\.$/), forged);
});
