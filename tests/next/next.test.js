// Next.js as in docs/frontend.md, in Chromium, with the local command behind its rewrites. Not part
// of `make test`, because its packages need 340 MB.

const assert = require('node:assert/strict');
const { execFileSync, spawn, spawnSync } = require('node:child_process');
const { copyFileSync, readFileSync } = require('node:fs');
const { createServer } = require('node:http');
const { join } = require('node:path');
const { after, before, test } = require('node:test');

const { startChromium } = require('../browser/chromium');
const { visit } = require('../browser/page');
const { until } = require('../browser/until');
const { listen, startVoicemint } = require('../browser/voicemint');
const { ROOT, installClient, makeApp, snippet, snippets } = require('../frontend/app');

const FILES = {
  'app/layout.jsx': 'export default ({ children }) => <html lang="en"><body>{children}</body></html>;',
  // A server component, which imports the module with the token source too.
  'app/page.jsx': 'import { Voice } from "./Voice.jsx";\nimport { tokens } from "./tokens.js";\nexport default () => <main id={typeof tokens.getToken}><Voice /><Voice /></main>;',
  'app/Voice.jsx': snippet('Voice.jsx'),
  'app/tokens.js': snippet('tokens.js'),
};

let chromium;
before(async () => { chromium = await startChromium(); });
after(() => chromium?.close());

/**
 * An app with its own packages, because Turbopack does not search outside; with the client or a
 * link to it.
 */
async function makeNext(voicemint, version, install = installClient, more = {}) {
  const folder = makeApp(__dirname, { ...FILES, 'next.config.mjs': snippet('next.config.mjs', version, voicemint.port), ...more });
  for (const name of ['package.json', 'package-lock.json']) copyFileSync(join(__dirname, name), join(folder, name));
  execFileSync('cp', ['-al', join(__dirname, 'node_modules'), folder]);
  await install(folder);
  return folder;
}

const NEXT = ['node_modules/next/dist/bin/next'];
const environment = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' };

async function startDev(t, folder, port) {
  const child = spawn(process.execPath, [...NEXT, 'dev', '--port', String(port)], { cwd: folder, env: environment, detached: true });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => { printed += text; });
  t.after(async () => {
    const ended = new Promise((resolve) => { child.once('close', resolve); });
    process.kill(-child.pid); // and the servers that it started
    await ended;
  });
  await until('Next.js is ready', () => {
    assert.equal(child.exitCode, null, printed);
    return /Ready in/.test(printed);
  });
  return () => printed;
}

async function freePort() {
  const probe = await listen(createServer());
  const { port } = probe.address();
  await new Promise((resolve) => { probe.close(resolve); });
  return port;
}

/** The calls of the endpoint, without their times. */
const calls = (voicemint) => voicemint.calls().map((line) => line.replace(/ \(.*/, ''));

test('docs/frontend.md has two settings for Next.js', () => assert.equal(snippets['next.config.mjs'].length, 2));

for (const version of [0, 1]) {
  test(`rewrites, with setting ${version + 1}: two components, mounted twice, send one request, and the server sends none`, async (t) => {
    const port = await freePort();
    const voicemint = await startVoicemint('--origin', `http://localhost:${port}`);
    t.after(voicemint.stop);
    const folder = await makeNext(voicemint, version);
    await startDev(t, folder, port);
    // Next.js has requests of its own that fail when it stops, and no icon.
    const visitor = await visit(t, chromium, voicemint, { expected: [/localhost:\d+\/(favicon\.ico|_next\/|__nextjs)/, /status of 500 .*\/cartesia\/token\)$/] });
    await visitor.signIn('ada');
    const response = await visitor.page.goto(`http://localhost:${port}`);
    assert.equal(response.status(), 200);
    await visitor.waitForText('main#function', /^Ready until \d{4}-.*Z\.\s+Ready until \d{4}-.*Z\.$/s);
    assert.deepEqual(calls(voicemint), ['POST /cartesia/token 200 minted']);
    await voicemint.stop();
    await visitor.page.reload();
    await visitor.waitForText('main#function', /a server answered 500 with no content type: "Internal Server Error"\. Check the URL, and that/);
  });
}

test('examples/next-route.js forwards instead of rewrites, with the token cookie', async (t) => {
  const port = await freePort();
  const voicemint = await startVoicemint('--origin', `http://localhost:${port}`);
  t.after(voicemint.stop);
  const route = readFileSync(join(ROOT, 'examples', 'next-route.js'), 'utf8');
  const folder = await makeNext(voicemint, 0, installClient, {
    'next.config.mjs': 'export default {};',
    '.env.local': `VOICEMINT_URL=${voicemint.url}`,
    'app/cartesia/token/route.js': route,
  });
  await startDev(t, folder, port);
  const visitor = await visit(t, chromium, voicemint, { expected: [/localhost:\d+\/(favicon\.ico|_next\/|__nextjs)/] });
  await visitor.signIn('ada');
  await visitor.page.goto(`http://localhost:${port}`, { timeout: 120_000 });
  await visitor.waitForText('main#function', /^Ready until \d{4}-.*Z\.\s+Ready until \d{4}-.*Z\.$/s);
  assert.deepEqual(await visitor.cookies(), ['__Host-cartesia-token']);
  await visitor.page.reload();
  await visitor.waitForText('main#function', /^Ready until/);
  assert.deepEqual(calls(voicemint), ['POST /cartesia/token 200 minted', 'POST /cartesia/token 200 resumed']);
});

test('the app builds', async () => {
  const folder = await makeNext({ port: 8787 }, 0);
  const { status, stdout, stderr } = spawnSync(process.execPath, [...NEXT, 'build'], { cwd: folder, env: environment, encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
});

test('a link, which npm creates without install-links, is not resolved, as docs/frontend.md says', async () => {
  const link = (folder) => execFileSync('npm', ['install', join(ROOT, 'web'), '--offline', '--no-audit', '--no-fund'], { cwd: folder });
  const folder = await makeNext({ port: 8787 }, 0, link);
  const { status, stdout, stderr } = spawnSync(process.execPath, [...NEXT, 'build'], { cwd: folder, env: environment, encoding: 'utf8' });
  assert.notEqual(status, 0);
  assert.match(stdout + stderr, /Can't resolve 'voicemint'/);
});
