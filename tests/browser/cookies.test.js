// What the browser makes of the cookie.

const assert = require('node:assert/strict');
const { after, before, beforeEach, afterEach, describe, test } = require('node:test');

const { startChromium } = require('./chromium');
const { APP, serveSites } = require('./sites');
const { until } = require('./until');
const { startVoicemint } = require('./voicemint');

const ASKS = {
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

/** Mints as an app's script does; gives the answer. */
function mint(provider, ask = ASKS[provider]) {
  return page.evaluate(async ([path, body]) => {
    const answer = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    return answer.json();
  }, [`/${provider}/token`, JSON.stringify(ask)]);
}

async function cookie(provider) {
  return (await context.cookies()).find(({ name }) => name === `__Host-${provider}-token`);
}

describe('the cookie, as the browser stored it', () => {
  for (const provider of Object.keys(ASKS)) {
    test(`${provider}: HttpOnly, Secure, SameSite=Strict, for this host alone, as long as the token`, async () => {
      const asked = Date.now() / 1000;
      const { token, expires_in: lasts } = await mint(provider);
      const stored = await cookie(provider);
      assert.ok(stored, 'the browser stored none');
      const { value, expires, ...rest } = stored;
      assert.deepEqual(rest, {
        name: `__Host-${provider}-token`,
        domain: new URL(APP).host, // with a dot before it, its subdomains would get it too
        path: '/',
        httpOnly: true,
        secure: true,
        sameSite: 'Strict',
      });
      assert.ok(expires >= asked + lasts - 1 && expires <= Date.now() / 1000 + lasts + 1, `${expires - asked} s of ${lasts} s`);
      assert.ok(!value.includes(token), 'the token is in the cookie as it is');
    });
  }
});

test('no script sees the cookie, by any name', async () => {
  await mint('cartesia');
  assert.ok(await cookie('cartesia'));
  const [text, store] = await page.evaluate(async () => [document.cookie, await cookieStore.getAll()]);
  assert.deepEqual([text, store], ['', []]);
});

test('no script can put another in its place', async () => {
  await mint('cartesia');
  const { value } = await cookie('cartesia');
  await page.evaluate(() => { document.cookie = '__Host-cartesia-token=mine; Secure; Path=/'; });
  assert.equal((await cookie('cartesia')).value, value);
});

test('it is gone when the token expires, and is sent no more', async () => {
  const sent = async () => {
    await mint('cartesia', { expires_in: 9999 }); // refused, which changes nothing
    return /__Host-cartesia-token=/.test(sites.calls.at(-1).headers.cookie);
  };
  await mint('cartesia');
  assert.equal(await sent(), true, 'sent while it lasts');
  await context.clearCookies({ name: '__Host-cartesia-token' });
  const asked = Date.now();
  assert.equal((await mint('cartesia', { expires_in: 2 })).expires_in, 2);
  await until('the cookie is gone', async () => !(await cookie('cartesia')));
  // How soon after its end this is seen is a matter of the machine; its end itself is compared above.
  const lasted = Date.now() - asked;
  assert.ok(lasted > 1_500, `it lasted ${lasted} ms`);
  assert.equal(await sent(), false, 'sent after it expired');
});

test('DELETE removes it, signed in or not', async () => {
  for (const signOut of [false, true]) {
    await page.evaluate(() => fetch('/sign-in', { method: 'POST', body: new URLSearchParams({ user: 'ada' }) }));
    await mint('cartesia');
    assert.ok(await cookie('cartesia'));
    if (signOut) await page.evaluate(() => fetch('/sign-out', { method: 'POST' }));
    assert.equal(await page.evaluate(async () => (await fetch('/cartesia/token', { method: 'DELETE' })).status), 204);
    assert.equal(await cookie('cartesia'), undefined);
  }
});

test('a refusal leaves it as it is', async () => {
  await mint('cartesia');
  const before = await cookie('cartesia');
  assert.equal((await mint('cartesia', { expires_in: 9999 })).code, 'request_invalid');
  assert.deepEqual(await cookie('cartesia'), before);
});
