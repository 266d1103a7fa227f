// Runs each snippet of web/README.md as an app's module.

const assert = require('node:assert/strict');
const { readFileSync, rmSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { pathToFileURL } = require('node:url');

const { chunks } = require('./audio');
const { app, signIn } = require('./voicemint');

const ROOT = path.join(__dirname, '..', '..');
const README = readFileSync(path.join(ROOT, 'web', 'README.md'), 'utf8');
const SNIPPETS = [...README.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code);

/** Members that replace those of the endpoint's response, or a function that returns them. */
let overrides;

/** What Node.js does not have, and what the snippets leave to the app. */
let played;
let shown;
const page = {
  WebSocket: globalThis.WebSocket ?? require('ws').WebSocket,
  play: (samples) => played.push(Buffer.from(samples)),
  show: (text) => shown.push(text),
  async *sound() {
    yield* chunks().map((chunk) => new Uint8Array(chunk));
  },
  currentSession: () => undefined,
  signIn: () => false,
};

const files = [];

before(async () => {
  const cookie = await signIn();
  const send = globalThis.fetch;
  Object.assign(globalThis, page, {
    /** A page's fetch, with relative URLs and cookies, which applies the overrides. */
    async fetch(url, init = {}) {
      if (!String(url).startsWith('/')) return send(url, init);
      const response = await send(app + url, { ...init, headers: { ...init.headers, cookie, origin: app } });
      if (response.status !== 200 || !overrides) return response;
      const minted = await response.json();
      const replaced = typeof overrides === 'function' ? overrides(minted) : overrides;
      return Response.json({ ...minted, ...replaced }, { headers: response.headers });
    },
  });
});

after(() => files.forEach((file) => rmSync(file)));

/** Runs a snippet, and waits until `done()`. */
async function run(code, done, replaced = {}) {
  [played, shown, overrides] = [[], [], replaced];
  const client = pathToFileURL(path.join(ROOT, 'web', 'voicemint.js')).href;
  const file = path.join(__dirname, `.snippet-${files.length}.mjs`);
  writeFileSync(file, code.replace('from "voicemint"', `from "${client}"`));
  files.push(file);
  await import(pathToFileURL(file).href);
  const deadline = performance.now() + 40_000;
  while (!done() && performance.now() < deadline) await new Promise((wake) => setTimeout(wake, 20));
  assert.ok(done(), 'the snippet has no result');
}

const hasSpoken = () => played.length > 0 && Buffer.concat(played).some((byte) => byte !== 0);
const hasTranscript = () => shown.some((text) => /\w{2}/.test(text));

/** A word of each snippet, and its expected result. */
const EXPECTED = [
  ['new WebSocket(', hasSpoken],
  ['@cartesia/cartesia-js', hasSpoken],
  ['@elevenlabs/client', hasTranscript],
  ['"assemblyai"', hasTranscript],
  ['onUnauthenticated', () => shown.some((text) => /^\d{4}-\d\d-\d\dT/.test(text))],
];

test('every snippet of web/README.md is tested', () => {
  const unknown = SNIPPETS.filter((code) => !EXPECTED.some(([word]) => code.includes(word)));
  assert.deepEqual(unknown, []);
  assert.equal(SNIPPETS.length, EXPECTED.length);
});

for (const [word, done] of EXPECTED) {
  test(`the snippet with ${word} works`, async () => {
    const code = SNIPPETS.find((snippet) => snippet.includes(word));
    assert.ok(code);
    await run(code, done);
  });
}

const MADE_UP = { token: 'made-up' };
const MADE_UP_SOCKET = ({ token, connect }) => ({ connect: JSON.parse(JSON.stringify(connect).replaceAll(token, 'made-up')) });
const snippet = (word) => SNIPPETS.find((code) => code.includes(word));
const shows = (...patterns) => () => patterns.every((pattern) => shown.some((text) => pattern.test(text)));

test('the snippet with a WebSocket reports a rejected token', async () => {
  await run(snippet('new WebSocket('), shows(/^The token was refused/, /closed: 1006$/), MADE_UP_SOCKET);
});

test('the snippet with a WebSocket shows an error message and closes', async () => {
  await run(snippet('new WebSocket(').replace('"sonic-3.5"', '7'), () => shown.length > 0);
  await new Promise((wake) => { setTimeout(wake, 200); });
  assert.equal(shown.length, 1, shown.join('; '));
  assert.match(shown[0], /model/i);
});

test('the ElevenLabs snippet shows the error of an unknown token', async () => {
  await run(snippet('@elevenlabs/client'), shows(/not known/), MADE_UP);
});

test('the AssemblyAI snippet shows the error of an unknown token', async () => {
  await assert.rejects(run(snippet('"assemblyai"'), () => true, MADE_UP), { code: 1008, message: /not known/ });
});
