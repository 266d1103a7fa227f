// Opens each socket of `connect` as a page does: with the client, and with the provider's own
// parameters in addition.

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const path = require('node:path');
const { before, test } = require('node:test');

const { app, signIn } = require('./voicemint');

const WEB = path.join(__dirname, '..', '..', 'web');
const Ws = require('ws').WebSocket;

/** A token that opens several sockets. */
const DEEPGRAM = ['deepgram', {}];

/** Provider, token request, entry, and the parameters that the page adds. */
const SOCKETS = [
  ['cartesia', { grants: { tts: true } }, 'tts', {}],
  ['cartesia', { grants: { stt: true } }, 'stt', { model: 'ink-2', encoding: 'pcm_s16le', sample_rate: 16000 }],
  ['elevenlabs', { token_type: 'realtime_scribe' }, 'realtime_scribe', { model_id: 'scribe_v2_realtime' }],
  ['elevenlabs', { token_type: 'tts_websocket' }, 'tts_websocket', { voice_id: 'any', output_format: 'pcm_24000' }],
  ['assemblyai', {}, 'streaming', { sample_rate: 16000 }],
  [...DEEPGRAM, 'listen', { model: 'nova-3', encoding: 'linear16', sample_rate: 16000, keyterm: ['Ada', 'Grace'] }],
  [...DEEPGRAM, 'speak', { model: 'aura-2-thalia-en' }],
  [...DEEPGRAM, 'agent', {}],
  ['assemblyai', { product: 'agent' }, 'agent', {}],
  ['soniox', { usage_type: 'transcribe_websocket' }, 'transcribe_websocket', {}],
  ['soniox', { usage_type: 'tts_rt' }, 'tts_rt', {}],
  ['elevenlabs-agents', {}, 'conversation', {}],
  ['gemini', {}, 'live', {}],
  ['openai', {}, 'realtime', {}],
  ['openai', { profile: 'dictation' }, 'transcription', {}],
  ['openai', { profile: 'french' }, 'translation', {}],
];

let client;
let session;
before(async () => {
  client = await import(path.join(WEB, 'voicemint.js'));
  session = await signIn();
});

/**
 * A source of a signed-in user, with the cookies of a browser. Its tokens are recorded. `change`
 * changes each token on its way.
 */
function sourceOf(provider, ask, { WebSocket = globalThis.WebSocket ?? Ws, change = (token) => token } = {}) {
  const minted = [];
  const cookies = new Map([session.split('=')]);
  const send = async (url, init) => {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(url, { ...init, headers: { ...init.headers, cookie, origin: app } });
    for (const [, name, value] of response.headers.getSetCookie().map((line) => /^([^=]+)=([^;]*)/.exec(line))) {
      if (value) cookies.set(name, value);
      else cookies.delete(name);
    }
    if (init.method !== 'POST') return response;
    assert.equal(response.status, 200);
    minted.push(change(await response.json()));
    return Response.json(minted.at(-1), { headers: { 'voicemint-source': response.headers.get('voicemint-source') } });
  };
  const source = client.createTokenSource(`${app}/${provider}/token`, { ask, fetch: send, WebSocket });
  return { source, minted };
}

/** Replaces the end of a token, which may be a URL that ends with the secret. */
function forged({ token, connect, ...rest }) {
  const forge = (text) => text.replaceAll(token, token.replace(/.{6}$/, 'madeup'));
  return { ...rest, token: forge(token), connect: JSON.parse(forge(JSON.stringify(connect))) };
}

/** Whether the token of a socket is accepted: some providers open it, and send an error first. */
async function isAccepted(source, name, query) {
  const socket = await source.connect(name, { query }).catch((error) => {
    assert.equal(error.code, 'connection_failed');
  });
  if (!socket) return false;
  assert.deepEqual([socket.readyState, socket.binaryType], [1, 'arraybuffer']);
  return new Promise((resolve) => {
    const finish = (accepted) => {
      socket.close();
      resolve(accepted);
    };
    socket.onmessage = ({ data }) => finish(!/\berror(_code)?"/i.test(typeof data === 'string' ? data : Buffer.from(data)));
    socket.onclose = () => finish(false);
    setTimeout(() => finish(true), 300);
  });
}

for (const [provider, ask, name, query] of SOCKETS) {
  test(`${provider} has ${name}, which the client opens`, async () => {
    const { source, minted } = sourceOf(provider, ask);
    const [refused, accepted] = await Promise.all([
      isAccepted(sourceOf(provider, ask, { change: forged }).source, name, query),
      isAccepted(source, name, query),
    ]);
    assert.deepEqual([refused, accepted], [false, true]);
    const entries = SOCKETS.filter(([, of]) => of === ask).map(([, , entry]) => entry);
    assert.deepEqual(minted.map(({ connect }) => Object.keys(connect)), [entries], 'one token');
  });
}

test('these are the sockets that the types have', () => {
  const types = readFileSync(path.join(WEB, 'providers.d.ts'), 'utf8');
  const found = [...types.matchAll(/^ {2}"?([\w-]+)"?: \{$.*?^ {4}socket: (.*?);$/gms)];
  const typed = found.flatMap(([, provider, names]) => [...names.matchAll(/"(\w+)"/g)].map(([, name]) => `${provider} ${name}`));
  assert.ok(found.some(([, provider, names]) => provider === 'livekit' && names === 'never'));
  assert.deepEqual(typed.sort(), SOCKETS.map(([provider, , name]) => `${provider} ${name}`).sort());
});

for (const [what, WebSocket] of [['the platform', globalThis.WebSocket], ['the package ws', Ws]]) {
  test(`a message that follows the handshake at once is not lost, with the WebSocket of ${what}`, { skip: !WebSocket }, async () => {
    for (let count = 0; count < 10; count += 1) {
      const { source } = sourceOf('openai', {}, { WebSocket });
      const socket = await source.connect('realtime');
      const { data } = await new Promise((resolve) => { socket.onmessage = resolve; });
      assert.equal(JSON.parse(data).type, 'session.created');
      socket.close();
    }
  });
}

test('a single-use token that was spent elsewhere is replaced', async () => {
  const { source, minted } = sourceOf('openai', {});
  await source.prefetch();
  const { url, protocols } = minted[0].connect.realtime;
  const thief = new (globalThis.WebSocket ?? Ws)(url, protocols);
  await new Promise((resolve) => { thief.onopen = resolve; });
  thief.close();
  const accepted = await isAccepted(source, 'realtime', {});
  assert.deepEqual([accepted, minted.length], [true, 2]);
});

test('a cached token that the provider no longer accepts is replaced, and does not come back by its cookie', async () => {
  let unknown;
  const { source, minted } = sourceOf('cartesia', { grants: { tts: true } }, {
    change: (token) => {
      unknown ??= token.token;
      return token.token === unknown ? forged(token) : token;
    },
  });
  await source.getToken();
  const accepted = await isAccepted(source, 'tts', {});
  assert.deepEqual([accepted, minted.length], [true, 2]);
  assert.notEqual(minted[1].token, minted[0].token);
  source.clear();
  assert.equal((await source.getToken()).source, 'resumed');
});
