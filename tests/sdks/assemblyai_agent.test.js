// AssemblyAI's Voice Agent API with tokens from Voicemint. The SDK, assemblyai 4.41.5, has no client
// for it: the tests use a page's WebSocket and `connect`.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');

const { StreamingTranscriber } = require('assemblyai');
const { RATE, chunks } = require('./audio');
const { expired, mint, tls } = require('./voicemint');

const WebSocket = globalThis.WebSocket ?? require('ws').WebSocket;
const AGENT = { product: 'agent' };

/** Opens a token's socket. Returns what it receives, in order, and how it is closed. */
function open({ connect }) {
  const socket = new WebSocket(connect.agent.url, connect.agent.protocols);
  const received = [];
  const waiting = [];
  const closed = new Promise((resolve) => socket.addEventListener('close', resolve));
  socket.addEventListener('message', ({ data }) => {
    received.push(JSON.parse(data));
    waiting.forEach((check) => check());
  });
  return {
    received,
    closed,
    send: (message) => socket.send(JSON.stringify(message)),
    opened: new Promise((resolve) => socket.addEventListener('open', resolve)),
    /** Waits for a message of a type, and returns it. */
    until: (type) => new Promise((resolve, reject) => {
      const check = () => {
        const found = received.find((message) => message.type === type);
        if (found) resolve(found);
      };
      closed.then(() => reject(new Error(`closed without ${type}: ${JSON.stringify(received)}`)));
      waiting.push(check);
      check();
    }),
  };
}

/** Opens a session with this configuration. */
async function begin(minted, session) {
  const socket = open(minted);
  await socket.opened;
  socket.send({ type: 'session.update', session });
  assert.match((await socket.until('session.ready')).session_id, /\w/);
  return socket;
}

/** A tone of 0.9 s at 16 kHz is one of 0.6 s at 24 kHz; then half a second of silence. */
const speech = () => [...chunks(), Buffer.alloc(24_000)];

describe('a page with connect.agent', () => {
  test('converses: both sides are transcribed, and the answer is audio', async () => {
    const minted = await mint('assemblyai', AGENT);
    assert.deepEqual([Object.keys(minted.connect), minted.base_url], [['agent'], tls]);
    const socket = await begin(minted, { system_prompt: 'Be brief.' });
    for (const chunk of speech()) socket.send({ type: 'input.audio', audio: chunk.toString('base64') });
    await socket.until('reply.done');
    socket.send({ type: 'session.end' });
    await socket.until('session.ended');
    assert.equal((await socket.closed).code, 1000);
    const types = socket.received.map(({ type }) => type);
    const first = (type) => types.indexOf(type);
    const order = ['session.ready', 'input.speech.started', 'transcript.user.delta', 'input.speech.stopped',
      'transcript.user', 'reply.started', 'reply.audio', 'transcript.agent', 'reply.done', 'session.ended'];
    assert.deepEqual(order.map(first), order.map(first).toSorted((a, b) => a - b), types.join());
    assert.ok(first('input.speech.started') > 0);
    const text = (type) => socket.received.find((message) => message.type === type).text;
    assert.equal(text('transcript.user'), 'Hello from.');
    assert.equal(text('transcript.agent'), 'The stand-in heard 2 words.');
    const audio = socket.received.filter(({ type }) => type === 'reply.audio').map(({ data }) => Buffer.from(data, 'base64'));
    // The stand-in speaks 12 characters per second, at 24 kHz.
    assert.equal(Buffer.concat(audio).length, text('transcript.agent').length * 2_000 * 2);
    assert.ok(Buffer.concat(audio).some((byte) => byte !== 0));
  });

  test('names a stored agent, which greets', async () => {
    const socket = await begin(await mint('assemblyai', AGENT), { agent_id: 'any' });
    assert.match((await socket.until('transcript.agent')).text, /\w/);
    socket.send({ type: 'session.end' });
    await socket.closed;
  });

  const refusals = {
    'a token that was used before': async () => {
      const minted = await mint('assemblyai', AGENT);
      const socket = await begin(minted, {});
      socket.send({ type: 'session.end' });
      await socket.closed;
      return [minted, /used before/];
    },
    'an expired token': async () => [await expired('assemblyai', AGENT), /expired/],
    'a token for streaming': async () => {
      const [agent, streaming] = [await mint('assemblyai', AGENT), await mint('assemblyai')];
      return [withToken(agent, streaming.token), /another product/];
    },
    'a made-up token': async () => [withToken(await mint('assemblyai', AGENT), 'made-up'), /not known/],
  };
  for (const [which, minted] of Object.entries(refusals)) {
    test(`is refused with ${which}`, async () => {
      const [token, reason] = await minted();
      const socket = open(token);
      assert.equal((await socket.closed).code, 1008);
      const [{ type, code, message }, ...more] = socket.received;
      assert.deepEqual([type, code, more], ['session.error', 'unauthorized', []]);
      assert.match(message, reason);
    });
  }
});

function withToken({ connect, token }, other) {
  return { connect: JSON.parse(JSON.stringify(connect).replaceAll(token, other)) };
}

test('the SDK’s streaming client refuses a token for agents', async () => {
  const { token } = await mint('assemblyai', AGENT);
  const websocketBaseUrl = `${tls.replace('http', 'ws')}/v3/ws`;
  const session = new StreamingTranscriber({ token, websocketBaseUrl, sampleRate: RATE, maxConnectionRetries: 0 });
  await assert.rejects(session.connect(), { name: 'Error', code: 1008, message: /not known/ });
});
