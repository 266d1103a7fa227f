// The local command over TLS, on the port of its page: Safari lets pages with TLS call only
// endpoints with TLS.

const assert = require('node:assert/strict');
const { createHash } = require('node:crypto');
const https = require('node:https');
const { test } = require('node:test');
const tls = require('node:tls');

const { makeCertificate } = require('./certificate');
const { startChromium, watchedPage } = require('./chromium');
const { visit } = require('./page');
const { listen, startVoicemint } = require('./voicemint');

/** The fingerprint of the served certificate, which Chromium then trusts. */
async function fingerprint(port) {
  const socket = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false });
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  const key = socket.getPeerX509Certificate().publicKey.export({ type: 'spki', format: 'der' });
  socket.destroy();
  return createHash('sha256').update(key).digest('base64');
}

test('the page works over TLS, and plain HTTP still works afterwards', async (t) => {
  const voicemint = await startVoicemint();
  t.after(voicemint.stop);
  const chromium = await startChromium({ trusted: [await fingerprint(voicemint.port)] });
  t.after(() => chromium.close());
  const context = await chromium.newContext();
  const page = await watchedPage(context, t);
  for (const scheme of ['https', 'http', 'https']) {
    const origin = `${scheme}://localhost:${voicemint.port}`;
    await page.goto(`${origin}/`);
    const { status, protocol } = await page.evaluate(async () => {
      await fetch('/sign-in', { method: 'POST', body: new URLSearchParams({ user: 'ada' }) });
      const { status } = await fetch('/cartesia/token', { method: 'POST' });
      return { status, protocol: location.protocol };
    });
    assert.deepEqual([status, protocol], [200, `${scheme}:`]);
  }
  const cookies = (await context.cookies()).map(({ name }) => name);
  assert.ok(cookies.includes('__Host-cartesia-token'));
});

test('a page with TLS calls the endpoint over TLS with its session', async (t) => {
  const app = makeCertificate(['app.localhost']);
  const site = await listen(https.createServer(app, (request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' });
    response.end('<!doctype html><link rel="icon" href="data:,">');
  }));
  t.after(() => {
    site.closeAllConnections();
    site.close();
  });
  const origin = `https://app.localhost:${site.address().port}`;
  const voicemint = await startVoicemint('--origin', origin);
  t.after(voicemint.stop);
  const chromium = await startChromium({
    names: { [new URL(origin).host]: site.address().port },
    trusted: [app.fingerprint, await fingerprint(voicemint.port)],
  });
  t.after(() => chromium.close());
  const context = await chromium.newContext();
  const page = await watchedPage(context, t);
  const endpoint = `https://localhost:${voicemint.port}`;
  const bearer = (await fetch(`${voicemint.url}/sign-in`, { method: 'POST', body: new URLSearchParams({ user: 'ada' }) }))
    .headers.getSetCookie()[0].replace(/^[^=]*=([^;]*).*$/, '$1');
  await page.goto(origin);
  const result = await page.evaluate(async ([url, session]) => {
    const response = await fetch(url, { method: 'POST', headers: { Authorization: `Bearer ${session}` } });
    return [response.status, (await response.json()).provider];
  }, [`${endpoint}/cartesia/token`, bearer]);
  assert.deepEqual(result, [200, 'cartesia']);
});

test('a phone in the local network signs in, gets a token and speaks, with the host name of the machine', async (t) => {
  const name = 'my-mac.local';
  const voicemint = await startVoicemint('--host', name, '--base-url', ({ tls: port }) => `https://${name}:${port}`);
  t.after(voicemint.stop);
  const chromium = await startChromium({
    names: { [`${name}:${voicemint.port}`]: voicemint.port, [`${name}:${voicemint.tls}`]: voicemint.tls },
    trusted: [await fingerprint(voicemint.port)],
  });
  t.after(() => chromium.close());
  const { page, ...visitor } = await visit(t, chromium, { url: `https://${name}:${voicemint.port}` });
  await visitor.signIn('ada');
  await visitor.get('Minted');
  assert.deepEqual(await visitor.cookies(), ['__Host-cartesia-token']);
  await page.getByLabel('Text to speak').fill('Hello');
  await visitor.button('Speak').click();
  await visitor.waitForText('#progress', /s of audio/, 20);
  assert.ok(await page.evaluate(() => isSecureContext));
});
