// Each snippet of README.md, as it stands there, in the place of an app's module.

const assert = require('node:assert/strict');
const { readFileSync, rmSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { pathToFileURL } = require('node:url');

const { pieces } = require('./sound');
const { app, signIn } = require('./voicemint');

const ROOT = path.join(__dirname, '..', '..');
const README = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
const SNIPPETS = [...README.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code);

/** What the endpoint answers instead of the token that it minted. */
let spoilt;

/** What a page has and Node has not, and what the snippets leave to the app. */
let played;
let shown;
const page = {
  WebSocket: globalThis.WebSocket ?? require('ws').WebSocket,
  play: (samples) => played.push(Buffer.from(samples)),
  show: (text) => shown.push(text),
  async *sound() {
    yield* pieces().map((piece) => new Uint8Array(piece));
  },
  currentSession: () => undefined,
  signIn: () => false,
};

const files = [];

before(async () => {
  const cookie = await signIn();
  const send = globalThis.fetch;
  Object.assign(globalThis, page, {
    /** A page's own: relative to its origin, with its cookies. What the endpoint answers stays as it is, but for what is spoilt on purpose. */
    async fetch(url, init = {}) {
      if (!String(url).startsWith('/')) return send(url, init);
      const answer = await send(app + url, { ...init, headers: { ...init.headers, cookie, origin: app } });
      if (answer.status !== 200 || !spoilt) return answer;
      return Response.json({ ...(await answer.json()), ...spoilt }, { headers: answer.headers });
    },
  });
});

after(() => files.forEach((file) => rmSync(file)));

/** Runs a snippet, and waits until it has done what it is for. */
async function run(code, done, spoil = {}) {
  [played, shown, spoilt] = [[], [], spoil];
  const client = pathToFileURL(path.join(ROOT, 'web', 'voicemint.js')).href;
  const file = path.join(__dirname, `.snippet-${files.length}.mjs`);
  writeFileSync(file, code.replace('from "voicemint"', `from "${client}"`));
  files.push(file);
  await import(pathToFileURL(file).href);
  const deadline = performance.now() + 40_000;
  while (!done() && performance.now() < deadline) await new Promise((wake) => setTimeout(wake, 20));
  assert.ok(done(), 'it does what it is for');
}

const hasSpoken = () => played.length > 0 && Buffer.concat(played).some((byte) => byte !== 0);
const hasHeard = () => shown.some((text) => /\w{2}/.test(text));

/** A word of each snippet, and what tells that it worked. */
const EXPECTED = [
  ['new WebSocket(', hasSpoken],
  ['@cartesia/cartesia-js', hasSpoken],
  ['@elevenlabs/client', hasHeard],
  ['"assemblyai"', hasHeard],
  ['onUnauthenticated', () => shown.some((text) => /^\d{4}-\d\d-\d\dT/.test(text))],
];

test('README.md has no snippet that is not run', () => {
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
const snippet = (word) => SNIPPETS.find((code) => code.includes(word));
const shows = (...patterns) => () => patterns.every((pattern) => shown.some((text) => pattern.test(text)));

test('a bare socket that is refused does not hang: the snippet says so', async () => {
  await run(snippet('new WebSocket('), shows(/^The token was refused/, /closed: 1006$/), MADE_UP);
});

test('a message of type error is shown, and ends the socket', async () => {
  await run(snippet('new WebSocket(').replace('"sonic-3.5"', '7'), () => shown.length > 0);
  await new Promise((wake) => { setTimeout(wake, 200); });
  assert.equal(shown.length, 1, shown.join('; '));
  assert.match(shown[0], /model/i);
});

test('what ElevenLabs says of a token that it does not know is shown', async () => {
  await run(snippet('@elevenlabs/client'), shows(/not known/), MADE_UP);
});

test('what AssemblyAI says of a token that it does not know is shown', async () => {
  await assert.rejects(run(snippet('"assemblyai"'), () => true, MADE_UP), { code: 1008, message: /not .* known/ });
});
