// Runs the JavaScript snippets of a document as an app's modules.

const assert = require('node:assert/strict');
const { readFileSync, rmSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { after, before } = require('node:test');
const { pathToFileURL } = require('node:url');

const { chunks } = require('./audio');
const { app, signIn } = require('./voicemint');

const ROOT = path.join(__dirname, '..', '..');

/** The JavaScript snippets of a document, by its path in the repository. */
function snippetsOf(file) {
  const text = readFileSync(path.join(ROOT, file), 'utf8');
  return [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code);
}

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
  const file = path.join(__dirname, `.snippet-${process.pid}-${files.length}.mjs`);
  const url = (module) => pathToFileURL(path.join(ROOT, 'web', module)).href;
  const local = code.replace('from "voicemint"', `from "${url('voicemint.js')}"`);
  writeFileSync(file, local.replaceAll(/from "voicemint\/([\w-]+)"/g, (_, name) => `from "${url(`providers/${name}.js`)}"`));
  files.push(file);
  await import(pathToFileURL(file).href);
  const deadline = performance.now() + 40_000;
  while (!done() && performance.now() < deadline) await new Promise((wake) => setTimeout(wake, 20));
  assert.ok(done(), 'the snippet has no result');
}

/** What the snippet of the last run has played and shown. */
const hasSpoken = () => played.length > 0 && Buffer.concat(played).some((byte) => byte !== 0);
const hasTranscript = () => shown.some((text) => /\w{2}/.test(text));
const shows = (...patterns) => () => patterns.every((pattern) => shown.some((text) => pattern.test(text)));

module.exports = { hasSpoken, hasTranscript, run, shown: () => shown, shows, snippetsOf };
