// How the browser stores and sends the cookie.

const assert = require('node:assert/strict');
const { after, before, beforeEach, afterEach, describe, test } = require('node:test');

const { startChromium } = require('./chromium');
const { APP, serveSites } = require('./sites');
const { until } = require('./until');
const { startVoicemint } = require('./voicemint');

const TOKEN_REQUESTS = {
  cartesia: { expires_in: 60 },
  elevenlabs: { token_type: 'tts_websocket' },
  assemblyai: { expires_in_seconds: 60 },
};

let voicemint;
let sites;
let chromium;
let context;
let page;

before(async () => {
  voicemint = await startVoicemint('--origin', APP);
  sites = await serveSites(voicemint.port);
  chromium = await startChromium(sites);
});
after(async () => {
  await chromium?.close();
  await sites?.stop();
  await voicemint?.stop();
});
beforeEach(async () => {
  context = await chromium.newContext();
  page = await context.newPage();
  await page.goto(APP);
  await page.evaluate(() => fetch('/sign-in', { method: 'POST', body: new URLSearchParams({ user: 'ada' }) }));
});
afterEach(() => context.close());

/** Mints a token as an app's script does. Returns the response body. */
function mint(provider, tokenRequest = TOKEN_REQUESTS[provider]) {
  return page.evaluate(async ([path, body]) => {
    const response = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    return response.json();
  }, [`/${provider}/token`, JSON.stringify(tokenRequest)]);
}

async function cookie(provider) {
  return (await context.cookies()).find(({ name }) => name === `__Host-${provider}-token`);
}

describe('the stored cookie', () => {
  for (const provider of Object.keys(TOKEN_REQUESTS)) {
    test(`${provider}: HttpOnly, Secure, SameSite=Strict, for this host only, with the lifetime of the token`, async () => {
      const requested = Date.now() / 1000;
      const { token, expires_in: lifetime } = await mint(provider);
      const stored = await cookie(provider);
      assert.ok(stored, 'the browser stored no cookie');
      const { value, expires, ...rest } = stored;
      assert.deepEqual(rest, {
        name: `__Host-${provider}-token`,
        domain: new URL(APP).host, // with a leading dot, subdomains would get it too
        path: '/',
        httpOnly: true,
        secure: true,
        sameSite: 'Strict',
      });
      assert.ok(expires >= requested + lifetime - 1 && expires <= Date.now() / 1000 + lifetime + 1, `${expires - requested} s of ${lifetime} s`);
      assert.ok(!value.includes(token), 'the cookie contains the plain token');
    });
  }
});

test('no script can read the cookie', async () => {
  await mint('cartesia');
  assert.ok(await cookie('cartesia'));
  const [text, store] = await page.evaluate(async () => [document.cookie, await cookieStore.getAll()]);
  assert.deepEqual([text, store], ['', []]);
});

test('no script can replace the cookie', async () => {
  await mint('cartesia');
  const { value } = await cookie('cartesia');
  await page.evaluate(() => { document.cookie = '__Host-cartesia-token=mine; Secure; Path=/'; });
  assert.equal((await cookie('cartesia')).value, value);
});

test('the cookie expires with the token, and is then not sent', async () => {
  const sent = async () => {
    await mint('cartesia', { expires_in: 9999 }); // an error, which does not change the cookie
    return /__Host-cartesia-token=/.test(sites.calls.at(-1).headers.cookie);
  };
  await mint('cartesia');
  assert.equal(await sent(), true, 'sent before it expires');
  await context.clearCookies({ name: '__Host-cartesia-token' });
  const requested = Date.now();
  assert.equal((await mint('cartesia', { expires_in: 2 })).expires_in, 2);
  await until('the cookie is gone', async () => !(await cookie('cartesia')));
  // How soon this is visible depends on the machine; the expiry itself is tested above.
  const elapsed = Date.now() - requested;
  assert.ok(elapsed > 1_500, `the cookie lasted ${elapsed} ms`);
  assert.equal(await sent(), false, 'sent after it expired');
});

test('DELETE removes the cookie, with and without a session', async () => {
  for (const signOut of [false, true]) {
    await page.evaluate(() => fetch('/sign-in', { method: 'POST', body: new URLSearchParams({ user: 'ada' }) }));
    await mint('cartesia');
    assert.ok(await cookie('cartesia'));
    if (signOut) await page.evaluate(() => fetch('/sign-out', { method: 'POST' }));
    assert.equal(await page.evaluate(async () => (await fetch('/cartesia/token', { method: 'DELETE' })).status), 204);
    assert.equal(await cookie('cartesia'), undefined);
  }
});

test('an error response does not change the cookie', async () => {
  await mint('cartesia');
  const before = await cookie('cartesia');
  assert.equal((await mint('cartesia', { expires_in: 9999 })).code, 'request_invalid');
  assert.deepEqual(await cookie('cartesia'), before);
});
