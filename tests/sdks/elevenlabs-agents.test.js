// @elevenlabs/client, the SDK for pages, has conversations by signed URLs from Voicemint. It uses the
// platform's WebSocket; the tests stand for the microphone and the loudspeaker.

const assert = require('node:assert/strict');
const { createServer } = require('node:http');
const { after, before, describe, mock, test } = require('node:test');

const { ElevenLabsClient } = require('@elevenlabs/elevenlabs-js');

const { assertSpeech, chunks } = require('./audio');
const { mint, plain, tls } = require('./voicemint');

const PROVIDER = 'elevenlabs-agents';
const GREETING = 'Hello from the stand-in.';
const KEY = 'sk_standin_agents_opens_nothing_real';

let sdk;
const sockets = [];
before(async () => {
  const { WebSocket } = require('ws');
  globalThis.WebSocket = class extends WebSocket {
    constructor(...details) {
      super(...details);
      sockets.push(this);
    }
  };
  // LiveKit's client looks for these before it calls a server. No media is sent.
  globalThis.RTCPeerConnection ??= class {
    addTransceiver() {}

    addTrack() {}
  };
  sdk = await import('@elevenlabs/client');
  const { createConnection, setSetupStrategy } = await import('@elevenlabs/client/internal');
  // What the SDK makes of a browser's audio devices.
  const device = { close: async () => {}, setMuted: async () => {}, setVolume: () => {}, interrupt: () => {} };
  setSetupStrategy(async (options) => {
    const connection = await createConnection(options);
    return { connection, input: device, output: device, playbackEventTarget: null, detach: async () => {} };
  });
  // The SDK warns of what it does not find in Node.js.
  for (const level of ['log', 'warn', 'error']) mock.method(console, level, () => {});
});
after(() => {
  mock.restoreAll();
  // Without the wait for the end of the connection, up to 30 s in Node.js.
  sockets.forEach((socket) => socket.terminate());
});

const websocket = (more = {}) => mint(PROVIDER, { connection: 'websocket', ...more });

/** Starts a conversation, and records what the SDK reports. */
async function start(signedUrl, options = {}) {
  const seen = { messages: [], audio: [], interruptions: 0, disconnected: undefined };
  let changed = () => {};
  const note = (change) => (...details) => {
    change(...details);
    changed();
  };
  const conversation = await sdk.Conversation.startSession({
    signedUrl,
    onMessage: note(({ role, message }) => seen.messages.push([role, message])),
    onAudio: note((base64) => seen.audio.push(Buffer.from(base64, 'base64'))),
    onInterruption: note(() => { seen.interruptions += 1; }),
    onDisconnect: note((details) => { seen.disconnected = details; }),
    ...options,
  });
  /** Waits until `done(seen)`. */
  const until = (done) => new Promise((resolve) => {
    changed = () => done(seen) && resolve(seen);
    changed();
  });
  return { conversation, seen, until };
}

const said = (...words) => ({ messages }) => words.every((word) => messages.some(([, text]) => text.includes(word)));
const failed = async (promise) => promise.then(() => assert.fail('the conversation started'), (error) => error);

describe('@elevenlabs/client: conversations', () => {
  test('the agent greets, hears and answers', async () => {
    const { token, conversation_id: id } = await websocket();
    const { conversation, seen, until } = await start(token);
    assert.equal(conversation.getId(), id);
    await until(({ audio }) => Buffer.concat(audio).length >= (GREETING.length / 12) * 32_000 - 1000);
    assert.deepEqual(seen.messages, [['agent', GREETING]]);
    assertSpeech(Buffer.concat(seen.audio), GREETING);
    for (const chunk of chunks()) conversation.connection.sendMessage({ user_audio_chunk: chunk.toString('base64') });
    await until(said('The stand-in heard 3 words.'));
    assert.deepEqual(seen.messages.map(([role]) => role), ['agent', 'user', 'agent']);
    assert.match(seen.messages[1][1], /^Hello from the/);
    conversation.sendUserMessage('How are you?');
    await until(({ messages }) => messages.length === 4);
    await conversation.endSession();
    assert.equal(seen.disconnected.reason, 'user');
  });

  test('speech interrupts the agent', async () => {
    const { conversation, until } = await start((await websocket()).token);
    await until(({ audio }) => audio.length > 0);
    for (const chunk of chunks()) conversation.connection.sendMessage({ user_audio_chunk: chunk.toString('base64') });
    await until(({ interruptions }) => interruptions === 1);
    await conversation.endSession();
  });

  test('a text conversation has no audio, where the agent permits it', async () => {
    const { conversation, seen, until } = await start((await websocket({ profile: 'support' })).token, { textOnly: true });
    conversation.sendUserMessage('Hello');
    await until(said('The stand-in can help.', 'one word'));
    assert.deepEqual(seen.audio, []);
    await conversation.endSession();
  });

  const refusals = {
    'a URL that was used before': async () => {
      const { token } = await websocket();
      await (await start(token)).conversation.endSession();
      return [token, /used before/];
    },
    'a made-up signature': async () => [(await websocket()).token.replace(/.{6}$/, 'madeup'), /Invalid signature/],
    'a URL of another agent': async () => (
      [(await websocket()).token.replace('agent_standin_greeter', 'agent_standin_support'), /another agent/]),
    'an unsigned URL': async () => [`${tls.replace('http', 'ws')}/v1/convai/conversation?agent_id=agent_standin_greeter`, /signed URL/],
  };
  for (const [which, prepare] of Object.entries(refusals)) {
    test(`refuses ${which}`, async () => {
      const [url, reason] = await prepare();
      const error = await failed(start(url));
      assert.equal(error.closeCode, 3000);
      assert.match(error.closeReason, reason);
    });
  }

  test('refuses overrides that the agent does not permit', async () => {
    const agent = { prompt: { prompt: 'Obey the caller.' } };
    const error = await failed(start((await websocket()).token, { overrides: { agent } }));
    assert.deepEqual([error.closeCode, error.closeReason], [1008, "Override for field 'prompt' is not allowed by config."]);
    const { token } = await websocket({ profile: 'tutor' });
    const { conversation, until } = await start(token, { overrides: { agent } });
    await until(said('The stand-in has time.'));
    await conversation.endSession();
  });
});

test('@elevenlabs/client joins the room of a conversation token', async () => {
  const minted = await mint(PROVIDER, { connection: 'webrtc' });
  assert.equal(minted.livekit_url, 'wss://livekit.rtc.elevenlabs.io');
  assert.equal(minted.connect, undefined);
  assert.ok(minted.conversation_id);
  // There is no stand-in of LiveKit: the first request shows that the client tries to join.
  let request;
  const server = createServer().listen(0, '127.0.0.1');
  const requested = new Promise((resolve) => {
    const refuse = (incoming, answer) => {
      request ??= incoming;
      answer();
      resolve();
    };
    server.on('upgrade', (incoming, socket) => refuse(incoming, () => socket.end('HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n')));
    server.on('request', (incoming, response) => refuse(incoming, () => response.writeHead(401).end()));
  });
  await new Promise((resolve) => { server.on('listening', resolve); });
  const started = sdk.Conversation.startSession({
    conversationToken: minted.token,
    livekitUrl: `ws://127.0.0.1:${server.address().port}`,
    webRtc: { singlePeerConnection: false },
  });
  await Promise.all([requested, failed(started)]);
  server.close();
  assert.match(request.url, /^\/rtc/);
  const { searchParams } = new URL(request.url, 'ws://localhost');
  const sent = searchParams.get('access_token') ?? request.headers.authorization?.replace('Bearer ', '');
  assert.equal(sent, minted.token);
});

test('@elevenlabs/elevenlabs-js mints at the stand-in by the key', async () => {
  for (const [baseUrl, start] of [[plain, plain.replace('http', 'ws')], [tls, tls.replace('http', 'ws')]]) {
    const client = new ElevenLabsClient({ apiKey: KEY, baseUrl });
    const { conversations } = client.conversationalAi;
    const { signedUrl } = await conversations.getSignedUrl({ agentId: 'agent_standin_greeter', includeConversationId: true });
    assert.ok(signedUrl.startsWith(`${start}/v1/convai/conversation?`), signedUrl);
    const { token, conversationId } = await conversations.getWebrtcToken({ agentId: 'agent_standin_tutor', participantName: 'ada' });
    assert.ok(token && conversationId);
    await assert.rejects(conversations.getSignedUrl({ agentId: 'agent_unknown' }), { statusCode: 404 });
  }
  const stranger = new ElevenLabsClient({ apiKey: 'sk_other', baseUrl: plain });
  await assert.rejects(stranger.conversationalAi.conversations.getSignedUrl({ agentId: 'agent_standin_greeter' }), { statusCode: 401 });
});
