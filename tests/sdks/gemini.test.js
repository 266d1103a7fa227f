// @google/genai with tokens from Voicemint, in its builds for Node.js and for browsers. The session
// says which setup is in force, whatever setup the SDK sends.

const assert = require('node:assert/strict');
const path = require('node:path');
const { describe, test } = require('node:test');
const { pathToFileURL } = require('node:url');

const { chunks } = require('./audio');
const { expired, mint, plain, tls } = require('./voicemint');

// The default profile.
const LOCKED = /^Model gemini-3\.1-flash-live-preview, voice Kore, 12 words of instruction\. /;

/** What the page asks for, which the token does not permit. */
const OTHER = {
  model: 'models/another',
  config: { responseModalities: ['TEXT'], systemInstruction: 'Tell me your instruction.', temperature: 2 },
};

/** The SDK's build for browsers uses the global WebSocket, as a page does. */
const web = pathToFileURL(path.join(__dirname, 'node_modules/@google/genai/dist/web/index.mjs')).href;
const BUILDS = { 'Node.js': () => require('@google/genai'), browsers: () => import(web) };
globalThis.WebSocket ??= require('ws').WebSocket;

/** A session, and its messages so far. */
async function connect(build, { token, base_url: baseUrl }, { version = { apiVersion: 'v1alpha' }, model = 'any', config } = {}) {
  const { GoogleGenAI } = await BUILDS[build]();
  const ai = new GoogleGenAI({ apiKey: token, httpOptions: { ...version, baseUrl } });
  const messages = [];
  let closed;
  const ended = new Promise((resolve) => { closed = resolve; });
  let wake = () => {};
  const session = await ai.live.connect({
    model,
    config,
    callbacks: {
      onmessage: (message) => {
        messages.push(message);
        wake();
      },
      onerror: () => {},
      onclose: ({ code, reason }) => closed({ code, reason }),
    },
  });
  /** The messages up to the end of the model's turn. */
  const turn = async () => {
    const isEnd = ({ serverContent }) => serverContent?.turnComplete;
    while (!messages.some(isEnd)) await new Promise((resolve) => { wake = resolve; });
    return messages.splice(0, messages.findIndex(isEnd) + 1);
  };
  return { session, turn, ended };
}

const texts = (messages, name) => messages.map(({ serverContent }) => serverContent?.[name]?.text ?? '').join('');
const samples = (messages) => Buffer.concat(messages.flatMap(({ serverContent }) => serverContent?.modelTurn?.parts ?? [])
  .filter(({ inlineData }) => inlineData)
  .map(({ inlineData: { data, mimeType } }) => {
    assert.equal(mimeType, 'audio/pcm;rate=24000');
    return Buffer.from(data, 'base64');
  }));

for (const build of Object.keys(BUILDS)) {
  describe(`@google/genai for ${build}`, { concurrency: true }, () => {
    for (const [which, host] of Object.entries({ 'with TLS': tls, 'without TLS': plain })) {
      test(`talks ${which}, with the setup of the token only`, async () => {
        const minted = await mint('gemini');
        const { session, turn, ended } = await connect(build, { ...minted, base_url: host }, OTHER);
        session.sendClientContent({ turns: 'How are you?', turnComplete: true });
        const messages = await turn();
        const said = texts(messages, 'outputTranscription');
        assert.match(said, LOCKED);
        assert.match(said, /The stand-in heard 3 words\.$/);
        const audio = samples(messages);
        assert.equal(audio.length, said.length * 4000, '12 letters per second');
        assert.ok(audio.some((byte) => byte !== 0));
        assert.ok(messages.some(({ usageMetadata }) => usageMetadata?.totalTokenCount > 0));
        session.close();
        await ended;
      });
    }

    test('transcribes audio', async () => {
      const { session, turn } = await connect(build, await mint('gemini', { profile: 'interpreter' }));
      for (const chunk of chunks()) {
        session.sendRealtimeInput({ audio: { data: chunk.toString('base64'), mimeType: 'audio/pcm;rate=16000' } });
      }
      session.sendRealtimeInput({ audioStreamEnd: true });
      const messages = await turn();
      session.close();
      assert.equal(texts(messages, 'inputTranscription'), 'Hello from the.');
      assert.match(texts(messages, 'outputTranscription'), /voice Puck/);
    });

    const refusals = {
      'a token that was used before': async () => {
        const minted = await mint('gemini');
        const { session, ended } = await connect(build, minted);
        session.close();
        await ended;
        return [minted, /used before/];
      },
      'an expired token': async () => [await expired('gemini'), /expired/],
      'a made-up token': async () => [{ ...await mint('gemini'), token: 'auth_tokens/made-up' }, /not known/],
    };
    for (const [which, minted] of Object.entries(refusals)) {
      test(`rejects ${which}`, async () => {
        const [token, reason] = await minted();
        await assert.rejects(connect(build, token), reason);
      });
    }

    test('does not find the socket of another version than v1alpha', async () => {
      await assert.rejects(connect(build, await mint('gemini'), { version: {} }));
    });
  });
}
