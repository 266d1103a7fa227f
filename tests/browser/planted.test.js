// A sibling host plants session cookies of the attacker in the visitor's browser: the page must not
// get tokens as the attacker.

const assert = require('node:assert/strict');
const { after, describe, test } = require('node:test');

const { startChromium } = require('./chromium');
const { APP, SIBLING, serveSites } = require('./sites');
const { startVoicemint } = require('./voicemint');

/**
 * Sessions in one cookie, in chunks, in cookies with the user's name, and encrypted for the
 * cookie's name.
 */
const KINDS = ['jwt', 'clerk', 'supabase', 'cognito', 'auth0', 'authjs'];

for (const kind of KINDS) {
  describe(kind, () => {
    let voicemint;
    let sites;
    let chromium;

    after(async () => {
      await chromium?.close();
      await sites?.stop();
      await voicemint?.stop();
    });

    test('a planted session in addition to the visitor’s own is rejected, in any order', async () => {
      voicemint = await startVoicemint('--origin', APP, '--session', kind);
      sites = await serveSites(voicemint.port);
      chromium = await startChromium(sites);
      const attacker = await signedIn(chromium, 'eve');
      const eves = (await attacker.context.cookies()).filter(({ name }) => !name.startsWith('__Host-'));
      assert.notEqual(eves.length, 0);
      const visitor = await signedIn(chromium, 'ada');
      assert.equal(await mint(visitor.page), 200);
      const sibling = await visitor.context.newPage();
      await sibling.goto(SIBLING);
      // Browsers send a more specific path first, and the same path later (RFC 6265 section 5.4).
      for (const path of ['/cartesia', '/']) {
        await plant(sibling, eves, path, 600);
        const names = (await visitor.context.cookies()).map(({ name }) => name);
        assert.ok(eves.every(({ name }) => names.includes(name)), 'the browser stored the cookies');
        assert.ok(new Set(names).size < names.length, 'a name exists twice');
        assert.equal(await mint(visitor.page), 401, path);
        await plant(sibling, eves, path, 0);
        assert.equal(await mint(visitor.page), 200, `${path}, after their removal`);
      }
    });
  });
}

/** Session libraries that split cookies into chunks, with the separator before a chunk's number. */
const CHUNKED = { supabase: '.', authjs: '.', auth0: '__' };

for (const [kind, separator] of Object.entries(CHUNKED)) {
  test(`${kind}: a planted chunk does not hide the visitor’s own chunks behind a planted session`, async () => {
    const voicemint = await startVoicemint('--origin', APP, '--session', kind);
    const sites = await serveSites(voicemint.port);
    const chromium = await startChromium(sites);
    try {
      const [eve, ada] = [await signedIn(chromium, 'eve'), await signedIn(chromium, 'ada')];
      const [[planted], [own]] = [await sessionCookies(eve, separator), await sessionCookies(ada, separator)];
      assert.equal(planted.name, own.name);
      const context = await chromium.newContext();
      const page = await context.newPage();
      await page.goto(APP);
      // As the app's library splits a session that is too long for one cookie.
      const half = Math.ceil(own.value.length / 2);
      const chunks = [own.value.slice(0, half), own.value.slice(half)];
      await page.evaluate((cookies) => {
        for (const [name, value] of cookies) document.cookie = `${name}=${value}; Secure; Path=/`;
      }, chunks.map((value, number) => [`${own.name}${separator}${number}`, value]));
      assert.equal(await mint(page), 200);
      const sibling = await context.newPage();
      await sibling.goto(SIBLING);
      const stray = { name: `${own.name}${separator}2`, value: 'x' };
      for (const path of ['/cartesia', '/']) {
        await plant(sibling, [stray], path, 600);
        assert.equal(await mint(page), 200, `${path}, only the chunk`);
        await plant(sibling, [planted], path, 600);
        assert.equal(await mint(page), 401, path);
        await plant(sibling, [stray, planted], path, 0);
      }
    } finally {
      await chromium.close();
      await sites.stop();
      await voicemint.stop();
    }
  });
}

/** A visitor's session cookies, with chunks joined. */
async function sessionCookies({ context }, separator) {
  const cookies = (await context.cookies()).filter(({ name }) => !name.startsWith('__Host-'));
  const joined = new Map();
  for (const { name, value } of cookies) {
    const key = name.replace(new RegExp(`${separator === '.' ? '\\.' : separator}\\d+$`), '');
    joined.set(key, (joined.get(key) ?? '') + value);
  }
  return [...joined].map(([name, value]) => ({ name, value }));
}

async function signedIn(chromium, user) {
  const context = await chromium.newContext();
  const page = await context.newPage();
  await page.goto(APP);
  await page.evaluate((name) => fetch('/sign-in', { method: 'POST', body: new URLSearchParams({ user: name }) }), user);
  return { context, page };
}

function plant(page, cookies, path, seconds) {
  return page.evaluate(([all, where, maxAge]) => {
    for (const [name, value] of all) {
      document.cookie = `${name}=${value}; Secure; Path=${where}; Domain=voicemint.test; Max-Age=${maxAge}`;
    }
  }, [cookies.map(({ name, value }) => [name, value]), path, seconds]);
}

/**
 * Mints as an app's script does, with a random lifetime so that no token is resumed. Returns the
 * status.
 */
function mint(page) {
  return page.evaluate(async () => {
    const body = JSON.stringify({ expires_in: 60 + Math.floor(Math.random() * 3000) });
    const response = await fetch('/cartesia/token', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    return response.status;
  });
}
