// The apps of examples/ in Chromium, behind Vite's proxy, as a user uses them: each gets a token of
// its provider and uses it at the stand-in.

const assert = require('node:assert/strict');
const { createHash } = require('node:crypto');
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { after, before, describe, test } = require('node:test');
const { connect } = require('node:tls');

const { startChromium, watchedPage } = require('../browser/chromium');
const { startVoicemint } = require('../browser/voicemint');
const { freePort, serve } = require('./apps');

/** Where the adapter of TanStack AI connects to, whatever the token says. */
const GOOGLE = 'generativelanguage.googleapis.com';

const SDKS = join(__dirname, '../sdks');
/** The folders that have the libraries, and the examples that use those. */
const HOMES = [[__dirname, ['vercel-ai-sdk.tsx', 'tanstack-ai.tsx', 'elevenlabs-react.tsx']], [SDKS, ['openai-agents.html', 'livekit.html', 'vite.html']]];

let chromium;
let voicemint;
const servers = [];
const ports = {};
before(async () => {
  const homes = await Promise.all(HOMES.map(async (home) => [...home, await freePort()]));
  const origins = homes.flatMap(([,, port]) => ['--origin', `http://localhost:${port}`]);
  voicemint = await startVoicemint(...origins, '--host', GOOGLE);
  for (const [home, examples, port] of homes) {
    servers.push(await serve(home, examples, { port, voicemint: voicemint.port }));
    for (const example of examples) ports[example.split('.')[0]] = port;
  }
  chromium = await startChromium({
    names: { [`${GOOGLE}:443`]: voicemint.tls },
    trusted: [await fingerprint(voicemint.tls)],
    flags: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', `--use-file-for-fake-audio-capture=${speech()}`],
  });
});
after(async () => {
  await chromium?.close();
  for (const server of servers) await server.close();
  await voicemint?.stop();
});

/**
 * What the microphone hears again and again: the sample, and then a silence in which the longest
 * answer ends. An app whose socket opens late hears the next round.
 */
function speech() {
  const sample = readFileSync(join(__dirname, '../../web/page/sample.wav'));
  const data = sample.indexOf('data');
  const seconds = 10;
  const silence = Buffer.alloc(sample.readUInt32LE(28) * seconds);
  const file = Buffer.concat([sample, silence]);
  file.writeUInt32LE(file.length - 8, 4);
  file.writeUInt32LE(file.length - data - 8, data + 4);
  const folder = mkdtempSync(join(tmpdir(), 'voicemint-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'speech.wav'), file);
  return join(folder, 'speech.wav');
}

/** The fingerprint of the served certificate, which Chromium then trusts. */
async function fingerprint(port) {
  const socket = connect({ port, host: 'localhost', rejectUnauthorized: false });
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  const key = socket.getPeerX509Certificate().publicKey.export({ type: 'spki', format: 'der' });
  socket.destroy();
  return createHash('sha256').update(key).digest('base64');
}

/** Opens an example. `expected` are console messages that do not fail the test. */
async function open(t, name, { signedIn = true, expected = [] } = {}) {
  const context = await chromium.newContext();
  t.after(() => context.close());
  if (signedIn) {
    const response = await context.request.post(`${voicemint.url}/sign-in`, { form: { user: 'ada' } });
    assert.equal(response.status(), 200);
  }
  const page = await watchedPage(context, t, ...expected);
  const origin = `localhost:${ports[name]}`;
  const [calls, sockets] = [[], []];
  page.on('response', (response) => {
    const { pathname } = new URL(response.url());
    if (pathname.endsWith('/token')) calls.push(`${pathname} ${response.status()} ${response.headers()['voicemint-source']}`);
  });
  page.on('websocket', (socket) => { if (!socket.url().startsWith(`ws://${origin}/`)) sockets.push(new URL(socket.url())); });
  await page.goto(`http://${origin}/${name}/`);
  return {
    /** The responses of the endpoint: path, status, and source of the token. */
    calls,
    /** The URLs of the sockets that the page opened, without Vite's. */
    sockets,
    click: (button) => page.getByRole('button', { name: button, exact: true }).click(),
    has: (text) => page.locator('main').getByText(text).first().waitFor({ timeout: 60_000 }),
    alerts: (text) => page.getByRole('alert').filter({ hasText: text }).waitFor({ timeout: 60_000 }),
  };
}

/** What the page shows of a conversation, and which console messages the libraries log. */
const CONVERSATIONS = {
  'vercel-ai-sdk': {
    provider: 'openai',
    lines: [/^user: Hello from the stand-in/, /^assistant: The stand-in heard \w+ words?\.$/],
    logged: [/ScriptProcessorNode is deprecated/],
  },
  'tanstack-ai': {
    provider: 'gemini',
    lines: [/^assistant: Model gemini-3\.1-flash-live-preview, voice Kore, .* The stand-in heard \w+ words?\.$/],
    logged: [/Native AGC not supported/],
    status: 'idle',
  },
  'elevenlabs-react': {
    provider: 'elevenlabs-agents',
    lines: [/^agent: Hello from the stand-in\.$/, /^user: Hello from the/, /^agent: The stand-in heard \w+ words?\.$/],
    logged: [],
  },
  'openai-agents': {
    provider: 'openai',
    lines: [/^user: Hello from the stand-in/, /^assistant: The stand-in heard \w+ words?\.$/],
    logged: [],
  },
};

describe('examples', { concurrency: 2 }, () => {
  for (const [name, { provider, lines, logged, status = 'disconnected' }] of Object.entries(CONVERSATIONS)) {
    test(`${name}: a conversation, and another one with a token of its own`, async (t) => {
      const app = await open(t, name, { expected: logged });
      await app.click('Start');
      await app.has(/^connected$/);
      for (const line of lines) await app.has(line);
      await app.click('Stop');
      await app.has(new RegExp(`^${status}$`));
      await app.click('Start');
      await app.has(/^connected$/);
      await app.click('Stop');
      await app.has(new RegExp(`^${status}$`));
      assert.deepEqual(app.calls, Array(2).fill(`/${provider}/token 200 minted`));
      assert.equal(app.sockets.length, 2);
    });

    test(`${name}: it shows why there is no token`, async (t) => {
      const app = await open(t, name, { signedIn: false, expected: [...logged, /status of 401/] });
      await app.click('Start');
      await app.alerts(/Sign in/);
      assert.deepEqual(app.sockets, []);
    });
  }

  test('vite: it speaks and listens', async (t) => {
    const app = await open(t, 'vite');
    await app.click('Speak');
    await app.has(/^speaking$/);
    await app.has(/^done$/);
    await app.click('Listen');
    await app.has(/^Hello from the stand-in/);
    await app.click('Stop');
    await app.has(/^done$/);
    assert.deepEqual(app.calls, ['/cartesia/token 200 minted'], 'both use one token');
    assert.deepEqual(app.sockets.map(({ pathname }) => pathname), ['/tts/websocket', '/stt/websocket']);
  });

  test('livekit: its token opens the room of the user', async (t) => {
    // The stand-in has no media, so the connection fails after the token was sent.
    const app = await open(t, 'livekit', { expected: [/\/rtc/, /livekit/i] });
    await app.click('Start');
    await app.alerts(/./);
    await app.has(/^disconnected$/);
    assert.deepEqual(app.calls, ['/livekit/token 200 minted']);
    const [{ host, searchParams }] = app.sockets;
    const token = searchParams.get('access_token');
    assert.equal((await fetch(`http://${host}/rtc/validate?access_token=${token}`)).status, 200);
    const { sub, name, video, roomConfig } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
    assert.equal(name, 'Ada');
    assert.equal(video.room, `voice-${sub}`);
    assert.deepEqual(roomConfig, { agents: [{ agentName: 'assistant' }] });
  });
});
