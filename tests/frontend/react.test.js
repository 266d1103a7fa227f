// The components of docs/frontend.md that speak and listen, with React 18 and 19 in StrictMode, in
// Chromium, with the stand-in's sockets.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { installAudioProbe } = require('../browser/audio_probe');
const { startChromium } = require('../browser/chromium');
const { until } = require('../browser/until');
const { snippet } = require('./app');
const { openApp, serveApp } = require('./vite_app');

const VERSIONS = { 18: { react: 'react18', 'react-dom': 'react-dom18' }, 19: {} };

const FILES = {
  'main.jsx': `
    import { StrictMode, version } from "react";
    import { createRoot } from "react-dom/client";
    import { Listener } from "./Listener.jsx";
    import { Speaker } from "./Speaker.jsx";

    const root = createRoot(document.getElementById("root"));
    window.version = version;
    window.mount = (name, properties) => {
      const Component = { Listener, Speaker }[name];
      root.render(<StrictMode><Component {...properties} /></StrictMode>);
    };
    window.unmount = () => root.render(null);
  `,
  'Speaker.jsx': snippet('Speaker.jsx'),
  'Listener.jsx': snippet('Listener.jsx'),
};

const SENTENCE = 'Hello, hello!';

let chromium;
before(async () => {
  // A fake microphone that beeps, with permission granted.
  chromium = await startChromium({ flags: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] });
});
after(() => chromium?.close());

/** Counts what the components use. Runs in the page before its own scripts. */
function installCounts() {
  const counts = { seconds: 0, asked: 0, mounts: 0 };
  const contexts = [];
  const { start } = AudioBufferSourceNode.prototype;
  AudioBufferSourceNode.prototype.start = function (...details) {
    counts.seconds += this.buffer.duration;
    return start.apply(this, details);
  };
  const { getUserMedia } = MediaDevices.prototype;
  MediaDevices.prototype.getUserMedia = function (constraints) {
    counts.asked += 1;
    return getUserMedia.call(this, constraints);
  };
  window.AudioContext = class extends AudioContext {
    constructor(...details) {
      super(...details);
      contexts.push(this);
    }
  };
  window.counts = () => ({ ...counts, mounts: contexts.length, devices: contexts.filter(({ state }) => state !== 'closed').length });
}

/** Opens the app in a private window. `reload()` begins again, with nothing counted. */
async function open(t, app) {
  const prepare = async (page) => {
    await page.addInitScript(installCounts);
    await page.addInitScript(installAudioProbe);
  };
  const visitor = await openApp(t, chromium, app, { prepare });
  const { page } = visitor;
  const sockets = [];
  let before = 0;
  page.on('websocket', (socket) => { if (/access_token=/.test(socket.url())) sockets.push(socket); });
  return {
    ...visitor,
    sockets,
    async reload() {
      await page.reload();
      await page.waitForFunction(() => window.mount);
      sockets.length = 0;
      before = app.voicemint.calls().length;
    },
    version: await page.evaluate(() => window.version),
    mount: (...component) => page.evaluate((details) => window.mount(...details), component),
    unmount: () => page.evaluate(() => window.unmount()),
    counts: () => page.evaluate(() => ({ ...window.counts(), ...window.inUse() })),
    /** How many tokens the page has requested. The cookie gives it the same one again. */
    requests: () => app.voicemint.calls().slice(before).filter((line) => /^POST \/cartesia\/token 200 (minted|resumed)/.test(line)).length,
  };
}

const TESTS = {
  async 'the speaker speaks once, with one token and one socket'(app) {
    await app.mount('Speaker', { text: SENTENCE });
    await app.waitForText('#root', /^Done\.$/);
    const { seconds, mounts, devices } = await app.counts();
    assert.equal(mounts, 2, 'StrictMode runs the effect twice');
    // The stand-ins speak 12 characters per second.
    assert.ok(Math.abs(seconds - SENTENCE.length / 12) < 0.1, `${seconds} s`);
    assert.ok((await app.page.evaluate(() => window.loudest())).played > 0.05);
    assert.equal(app.requests(), 1);
    assert.equal(app.sockets.length, 1);
    assert.equal(devices, 0);
  },

  async 'unmounting ends the speech, and another text replaces it'(app) {
    await app.mount('Speaker', { text: SENTENCE.repeat(20) });
    await until('it speaks', async () => (await app.counts()).seconds > 0);
    await app.mount('Speaker', { text: 'Hi.' });
    await app.waitForText('#root', /^Done\.$/);
    assert.equal(app.sockets.length, 2);
    assert.ok(app.sockets.every((socket) => socket.isClosed()));
    await app.mount('Speaker', { text: SENTENCE.repeat(20) });
    await until('it speaks again', () => app.sockets.length === 3);
    await app.unmount();
    await until('nothing is in use', async () => (await app.counts()).devices === 0 && app.sockets[2].isClosed());
    assert.equal(app.requests(), 1);
  },

  async 'the listener asks once, and stops with the end of the transcript'(app) {
    await app.mount('Listener');
    await app.waitForText('#root', /hello from/i);
    const { asked, microphones, sockets } = await app.counts();
    assert.deepEqual({ asked, microphones, sockets }, { asked: 1, microphones: 1, sockets: 1 });
    await app.button('Stop').click();
    await until('the microphone is released', async () => (await app.counts()).microphones === 0);
    await until('the transcript is complete', async () => (await app.counts()).sockets === 0);
    await app.waitForText('#root', /hello from/i);
    assert.equal(app.requests(), 1);
    assert.equal(app.sockets.length, 1);
  },

  async 'unmounting releases the microphone and the socket'(app) {
    await app.mount('Listener');
    await app.waitForText('#root', /hello from/i);
    await app.unmount();
    await until('nothing is in use', async () => {
      const { microphones, sockets, devices } = await app.counts();
      return microphones + sockets + devices === 0;
    });
  },
};

for (const [version, alias] of Object.entries(VERSIONS)) {
  test(`React ${version} in StrictMode`, async (t) => {
    const app = await open(t, await serveApp(t, FILES, { config: { resolve: { alias } } }));
    assert.equal(app.version.split('.')[0], version);
    for (const [name, run] of Object.entries(TESTS)) {
      await t.test(name, async () => {
        await app.reload();
        await run(app);
      });
    }
  });
}
