// The client's functions of each provider, with sockets of its token source, against the stand-ins.

const assert = require('node:assert/strict');
const { readdirSync } = require('node:fs');
const { join } = require('node:path');
const { before, test } = require('node:test');

const { chunks } = require('./audio');
const { app, signIn } = require('./voicemint');

const WEB = join(__dirname, '..', '..', 'web');

let cookie;
let createTokenSource;
before(async () => {
  cookie = await signIn();
  ({ createTokenSource } = await import(join(WEB, 'voicemint.js')));
});

const sourceOf = (provider, ask) => createTokenSource(`${app}/${provider}/token`, {
  ask,
  fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, cookie, origin: app } }),
});

/** Speech at 16 kHz, in the pace of a microphone, and a second of silence. */
async function* speech() {
  for (const chunk of chunks()) yield new Uint8Array(chunk);
  for (let sent = 0; sent < 10; sent += 1) {
    await new Promise((wake) => { setTimeout(wake, 20); });
    yield new Int16Array(1600);
  }
}

/** Provider, function and token request. Those of the agents are in `CONVERSATIONS`. */
const SPEAK = [['cartesia', { grants: { tts: true } }], ['elevenlabs', { token_type: 'tts_websocket' }], ['deepgram', {}], ['soniox', { usage_type: 'tts_rt' }]];
const LISTEN = [
  ['cartesia', { grants: { stt: true } }],
  ['elevenlabs', { token_type: 'realtime_scribe' }],
  ['deepgram', {}],
  ['assemblyai', {}],
  ['soniox', { usage_type: 'transcribe_websocket' }],
  ['openai', { profile: 'dictation' }],
];
const CONVERSE = [
  ['deepgram', 'converse', {}],
  ['assemblyai', 'converse', { product: 'agent' }],
  ['gemini', 'converse', {}],
  ['openai', 'converse', {}],
  ['openai', 'translate', { profile: 'french' }],
];

for (const [provider, ask] of SPEAK) {
  test(`${provider} speaks, twice`, async () => {
    const { speak } = await import(join(WEB, 'providers', `${provider}.js`));
    const source = sourceOf(provider, ask);
    for (let times = 0; times < 2; times += 1) {
      let bytes = 0;
      let loudest = 0;
      await speak(source, 'Hello, hello!', {
        onAudio: (samples, rate) => {
          assert.equal(rate, 24000);
          bytes += samples.length;
          for (const sample of new Int16Array(samples.slice(0, samples.length & ~1).buffer)) loudest = Math.max(loudest, Math.abs(sample));
        },
      });
      // The stand-ins speak 12 characters per second.
      assert.ok(Math.abs(bytes / 48000 - 13 / 12) < 0.1, `${bytes} bytes`);
      assert.ok(loudest > 1000);
    }
  });
}

for (const [provider, ask] of LISTEN) {
  test(`${provider} listens`, async () => {
    const { listen } = await import(join(WEB, 'providers', `${provider}.js`));
    const texts = [];
    await listen(sourceOf(provider, ask), speech(), { onText: (...text) => texts.push(text) });
    assert.ok(texts.some(([text, isFinal]) => isFinal && /\w{2}/.test(text)), JSON.stringify(texts));
  });
}

for (const [provider, name, ask] of CONVERSE) {
  test(`${provider}: ${name}() ends with the answer`, async () => {
    const { [name]: converse } = await import(join(WEB, 'providers', `${provider}.js`));
    const heard = { user: '', agent: '', bytes: 0 };
    await converse(sourceOf(provider, ask), speech(), {
      onUser: (text) => { heard.user = text; },
      onAgent: (text) => { heard.agent = text; },
      onAudio: (samples, rate) => {
        assert.equal(rate, 24000);
        heard.bytes += samples.length;
      },
    });
    assert.match(heard.agent, /\w{2}/);
    assert.ok(heard.bytes > 0);
  });
}

test('an agent of ElevenLabs answers until the signal ends the conversation', async () => {
  const { converse } = await import(join(WEB, 'providers', 'elevenlabs-agents.js'));
  const controller = new AbortController();
  let bytes = 0;
  const ended = converse(sourceOf('elevenlabs-agents', {}), speech(), {
    onAudio: (samples, rate) => {
      assert.equal(rate, 16000);
      bytes += samples.length;
      controller.abort(new Error('enough'));
    },
    signal: controller.signal,
  });
  await assert.rejects(ended, { message: 'enough' });
  assert.ok(bytes > 0);
});

test('each function of each provider is tested here', async () => {
  const tested = [...SPEAK.map(([provider]) => `${provider} speak`), ...LISTEN.map(([provider]) => `${provider} listen`)];
  tested.push(...CONVERSE.map(([provider, name]) => `${provider} ${name}`), 'elevenlabs-agents converse');
  const modules = readdirSync(join(WEB, 'providers')).filter((file) => file.endsWith('.js')).map((file) => file.slice(0, -3));
  const exported = await Promise.all(modules.map(async (name) => (
    Object.keys(await import(join(WEB, 'providers', `${name}.js`))).map((each) => `${name} ${each}`))));
  assert.deepEqual(tested.sort(), exported.flat().sort());
});
