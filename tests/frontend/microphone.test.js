// The microphone in production builds of Vite, under content security policies, in Chromium.

const assert = require('node:assert/strict');
const { createServer } = require('node:http');
const { join } = require('node:path');
const { after, before, test } = require('node:test');

const { startChromium, watchedPage } = require('../browser/chromium');
const { listen } = require('../browser/voicemint');
const { installClient, makeApp, snippet } = require('./app');

const FILES = {
  'package.json': '{ "private": true, "type": "module" }',
  'text.js': 'import { fromMicrophone } from "voicemint/microphone"; window.openMicrophone = (signal) => fromMicrophone(16000, { signal });',
  'listen.js': snippet('listen.js'),
  'file.js': 'import { openMicrophone } from "./listen.js"; window.openMicrophone = openMicrophone;',
};

let chromium;
let folder;
before(async () => {
  folder = makeApp(__dirname, FILES);
  await installClient(folder);
  chromium = await startChromium({ flags: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] });
});
after(() => chromium?.close());

/** Builds a page with one script, and opens it under a policy for scripts. */
async function open(t, script, policy, ...expected) {
  const { build } = await import('vite');
  const rollupOptions = { input: join(folder, script) };
  const { output } = await build({ root: folder, configFile: false, logLevel: 'error', build: { write: false, rollupOptions } });
  const files = new Map(output.map(({ fileName, code, source }) => [`/${fileName}`, code ?? source]));
  const page = `<!doctype html><link rel="icon" href="data:,"><script type="module" src="/${output[0].fileName}"></script>`;
  const server = await listen(createServer(({ url }, response) => {
    response.setHeader('content-security-policy', `default-src 'none'; img-src data:; script-src ${policy}`);
    response.setHeader('content-type', url === '/' ? 'text/html' : 'text/javascript');
    response.end(url === '/' ? page : files.get(url));
  }));
  t.after(() => server.close());
  const context = await chromium.newContext();
  t.after(() => context.close());
  const opened = await watchedPage(context, t, ...expected);
  await opened.goto(`http://localhost:${server.address().port}`);
  await opened.waitForFunction(() => window.openMicrophone);
  return { page: opened, files: [...files.keys()] };
}

/** Reads some chunks. Returns their lengths, how loud they are, and the states of the device. */
const record = (page) => page.evaluate(async () => {
  const { getUserMedia } = MediaDevices.prototype;
  let tracks;
  MediaDevices.prototype.getUserMedia = async function (constraints) {
    const stream = await getUserMedia.call(this, constraints);
    tracks = stream.getTracks();
    return stream;
  };
  const microphone = await window.openMicrophone();
  const lengths = [];
  let loudest = 0;
  for await (const chunk of microphone) {
    lengths.push(chunk.length);
    loudest = Math.max(loudest, ...chunk.map(Math.abs));
    if (lengths.length === 20) microphone.stop();
  }
  return { lengths: [...new Set(lengths)], isComplete: lengths.length > 20, isLoud: loudest > 1000, device: tracks[0].readyState };
});

const RECORDED = { lengths: [1600], isComplete: true, isLoud: true, device: 'ended' };

test('the text of the worklet needs blob: in script-src', async (t) => {
  const { page } = await open(t, 'text.js', "'self' blob:");
  assert.deepEqual(await record(page), RECORDED);
});

test('without blob:, the error says what to do, and the microphone is released', async (t) => {
  const { page } = await open(t, 'text.js', "'self'", /Content Security Policy|Failed to load/);
  const result = await page.evaluate(async () => {
    const devices = [];
    const { getUserMedia } = MediaDevices.prototype;
    MediaDevices.prototype.getUserMedia = async function (constraints) {
      const stream = await getUserMedia.call(this, constraints);
      devices.push(...stream.getTracks());
      return stream;
    };
    const message = await window.openMicrophone().then(() => 'opened', (error) => error.message);
    return { message, states: devices.map(({ readyState }) => readyState) };
  });
  assert.match(result.message, /blob:.*worklet\.js as the option worklet/);
  assert.deepEqual(result.states, ['ended']);
});

test("the worklet's file, as docs/frontend.md says, needs 'self' only", async (t) => {
  const { page, files } = await open(t, 'file.js', "'self'");
  assert.ok(files.some((file) => /worklet/.test(file)), String(files));
  assert.deepEqual(await record(page), RECORDED);
});

test('an abort releases the microphone before, during and after its opening', async (t) => {
  const { page } = await open(t, 'text.js', "'self' blob:");
  const results = await page.evaluate(async () => {
    const tracks = [];
    const { getUserMedia } = MediaDevices.prototype;
    MediaDevices.prototype.getUserMedia = async function (constraints) {
      const stream = await getUserMedia.call(this, constraints);
      tracks.push(...stream.getTracks());
      during?.abort();
      return stream;
    };
    let during;
    const open = (controller) => window.openMicrophone(controller.signal).then((microphone) => microphone, (error) => error.name);
    const before = new AbortController();
    const first = open(before);
    before.abort();
    const outcomes = [await first, tracks.length];
    during = new AbortController();
    outcomes.push(await open(during), tracks.at(-1).readyState);
    during = undefined;
    const after = new AbortController();
    const microphone = await open(after);
    const reading = (async () => {
      let chunks = 0;
      for await (const _ of microphone) if ((chunks += 1) === 3) after.abort();
      return chunks;
    })();
    outcomes.push(await reading, tracks.at(-1).readyState);
    return outcomes;
  });
  assert.deepEqual(results, ['AbortError', 0, 'AbortError', 'ended', 3, 'ended']);
});
