// @deepgram/sdk with tokens from Voicemint, with the branch that it takes in Node.js and the one that
// it takes in browsers.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');

const { RATE, assertSpeech, chunks } = require('./audio');
const { deepgramSdk } = require('./deepgram_sdk');
const { expired, mint, plain, tls } = require('./voicemint');

const TEXT = 'Hello from Deepgram.';
const AUDIO = { encoding: 'linear16', sample_rate: RATE };

/** The environment with these hosts: all four members are needed. */
function environment(base, agent = base) {
  const ws = (url) => url.replace(/^http/, 'ws');
  return { base, production: ws(base), agent: ws(agent), agentRest: agent };
}

/** The hosts of a response. */
function hostsOf({ base_url: base, connect }) {
  return environment(base, connect.agent.url.replace(/^ws/, 'http').replace('/v1/agent/converse', ''));
}

/**
 * Opens a socket of the SDK without retries. Returns it with its events: `messages` so far,
 * `next(type)` waits for a message of that type, and `closed` for the code of the close.
 */
async function connect(product, parameters) {
  const socket = await product.connect({ ...parameters, reconnectAttempts: 0 });
  const messages = [];
  const waiting = [];
  socket.on('message', (message) => {
    messages.push(message);
    waiting.filter(({ type }) => type === message.type).forEach(({ resolve }) => resolve(message));
  });
  const closed = new Promise((resolve) => { socket.on('close', ({ code }) => resolve(code)); });
  const failed = new Promise((resolve) => { socket.on('error', resolve); });
  const next = (type) => new Promise((resolve) => { waiting.push({ type, resolve }); });
  socket.connect();
  const error = await Promise.race([socket.waitForOpen().then(() => undefined, (reason) => reason), failed]);
  if (error) throw error;
  return { socket, messages, next, closed };
}

/** The bytes of the audio among these messages. */
async function audioOf(messages) {
  const blobs = messages.filter((message) => message instanceof Blob);
  return Buffer.from(await new Blob(blobs).arrayBuffer());
}

const PRODUCTS = {
  async listen(client) {
    const { socket, messages, closed } = await connect(client.listen.v1, { model: 'nova-3', smart_format: true, ...AUDIO });
    chunks().forEach((chunk) => socket.sendMedia(chunk));
    socket.sendKeepAlive({ type: 'KeepAlive' });
    socket.sendCloseStream({ type: 'CloseStream' });
    assert.equal(await closed, 1000);
    assert.deepEqual(messages.map(({ type }) => type), ['Results', 'Metadata']);
    assert.match(messages[0].channel.alternatives[0].transcript, /^Hello from the/);
  },

  async flux(client) {
    const { socket, messages, closed } = await connect(client.listen.v2, { model: 'flux-general-en', ...AUDIO });
    chunks().forEach((chunk) => socket.sendMedia(chunk));
    socket.sendCloseStream({ type: 'CloseStream' });
    assert.equal(await closed, 1000);
    assert.deepEqual([messages[0].type, messages[1].event], ['Connected', 'StartOfTurn']);
    assert.match(messages.at(-1).transcript, /^Hello from the/);
  },

  async speak(client) {
    const { socket, messages, next, closed } = await connect(client.speak.v1, { model: 'aura-2-thalia-en', ...AUDIO });
    const flushed = next('Flushed');
    socket.sendText({ type: 'Speak', text: TEXT });
    socket.sendFlush({ type: 'Flush' });
    await flushed;
    assert.equal(messages[0].type, 'Metadata');
    assertSpeech(await audioOf(messages), TEXT);
    socket.sendClose({ type: 'Close' });
    assert.equal(await closed, 1000);
  },

  async agent(client) {
    const { socket, messages, next } = await connect(client.agent.v1, {});
    const [applied, greeted] = [next('SettingsApplied'), next('AgentAudioDone')];
    socket.sendSettings({
      type: 'Settings',
      audio: { input: AUDIO, output: { ...AUDIO, container: 'none' } },
      agent: { greeting: TEXT },
    });
    await applied;
    await greeted;
    assertSpeech(await audioOf(messages), TEXT);
    const answered = next('AgentAudioDone');
    chunks().forEach((chunk) => socket.sendMedia(chunk));
    socket.sendForceEndTurn({ type: 'ForceEndTurn' });
    await answered;
    const said = messages.filter(({ type }) => type === 'ConversationText').map(({ role, content }) => `${role}: ${content}`);
    assert.deepEqual(said, [`assistant: ${TEXT}`, 'user: Hello from the.', 'assistant: The stand-in heard 3 words.']);
    socket.close();
  },
};

for (const runtime of ['node', 'browser']) {
  describe(`@deepgram/sdk in the runtime ${runtime}`, () => {
    const { DeepgramClient } = deepgramSdk(runtime);

    test('one token opens every product, with and without TLS', async () => {
      const minted = await mint('deepgram');
      assert.equal(hostsOf(minted).base, tls);
      for (const hosts of [hostsOf(minted), environment(plain)]) {
        const client = new DeepgramClient({ accessToken: minted.token, environment: hosts });
        for (const use of Object.values(PRODUCTS)) await use(client);
      }
    });

    // A browser does not tell a page why a handshake failed.
    const reason = runtime === 'node' ? /401/ : /^$/;
    const refusals = {
      'an expired token': async () => ({ accessToken: (await expired('deepgram')).token }),
      'a made-up token': async () => ({ accessToken: 'made-up' }),
      'a token in the place of an API key': async () => ({ apiKey: (await mint('deepgram')).token }),
    };
    for (const [which, credential] of Object.entries(refusals)) {
      test(`rejects ${which}`, async () => {
        const client = new DeepgramClient({ ...await credential(), environment: environment(tls) });
        for (const [name, use] of Object.entries(PRODUCTS)) {
          await assert.rejects(use(client), (error) => reason.test(error.message) && !(error instanceof assert.AssertionError), name);
        }
      });
    }
  });
}

test('a reconnect works with the same token until it expires', async () => {
  const { DeepgramClient } = deepgramSdk('node');
  const minted = await mint('deepgram', { ttl_seconds: 2 });
  const client = new DeepgramClient({ accessToken: minted.token, environment: hostsOf(minted) });
  await PRODUCTS.listen(client);
  await PRODUCTS.listen(client);
  await new Promise((wake) => { setTimeout(wake, 2100); });
  await assert.rejects(PRODUCTS.listen(client), /401/);
});

test('a token mints no other token', async () => {
  const { DeepgramClient } = deepgramSdk('node');
  const minted = await mint('deepgram');
  const client = new DeepgramClient({ accessToken: minted.token, environment: hostsOf(minted) });
  await assert.rejects(client.auth.v1.tokens.grant({ ttl_seconds: 60 }), { statusCode: 403 });
});
