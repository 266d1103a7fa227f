// The page mints, shows, counts down and resumes tokens, and shows errors.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { setTimeout } = require('node:timers/promises');

const { startChromium } = require('./chromium');
const { PROVIDERS, refusedWith, visit } = require('./page');
const { until } = require('./until');
const { startVoicemint } = require('./voicemint');

let voicemint;
let chromium;
before(async () => {
  voicemint = await startVoicemint();
  chromium = await startChromium();
});
after(async () => {
  await chromium?.close();
  await voicemint?.stop();
});

const open = (t, ...expected) => visit(t, chromium, voicemint, { expected });

for (const [provider, label] of Object.entries(PROVIDERS)) {
  test(`${label}: a minted token is only in the page's memory`, async (t) => {
    const visitor = await open(t);
    const { page } = visitor;
    await visitor.signIn('ada');
    await visitor.choose(provider);
    await visitor.get('Minted');
    await visitor.waitForText('#left', /^\d+ s of \d+ s left/);
    await visitor.waitForText('#cookie-note', /not in document\.cookie/);
    assert.deepEqual(await visitor.cookies(), [`__Host-${provider}-token`]);
    const [token] = await visitor.tokens(1);
    const places = await page.evaluate(async () => ({
      cookie: document.cookie,
      localStorage: JSON.stringify(localStorage),
      sessionStorage: JSON.stringify(sessionStorage),
      databases: JSON.stringify(await indexedDB.databases()),
      caches: JSON.stringify(await caches.keys()),
      history: JSON.stringify([history.state, location.href, name]),
      page: document.documentElement.outerHTML + [...document.querySelectorAll('input, textarea')].map(({ value }) => value),
    }));
    for (const [place, text] of Object.entries(places)) assert.ok(!text.includes(token), `the token is in ${place}`);
    assert.equal(places.cookie, '');
  });
}

test('a token counts down and expires', async (t) => {
  const visitor = await open(t);
  const pass = await visitor.stopClock();
  await visitor.signIn('ada');
  await visitor.get('Minted');
  for (const left of [60, 59, 58]) {
    await visitor.waitForText('#left', new RegExp(`^${left} s of 60 s left`));
    await pass(1);
  }
  await pass(56);
  await visitor.waitForText('#left', /^1 s of 60 s left/);
  await visitor.waitForText('#state', /^Minted/);
  await pass(1);
  await visitor.waitForText('#left', /^0 s of 60 s left/);
  await visitor.waitForText('#state', /^Expired/);
});

test('a reload resumes a reusable token', async (t) => {
  const visitor = await open(t);
  await visitor.signIn('ada');
  await visitor.get('Minted');
  await visitor.tokens(1);
  await visitor.page.reload();
  await visitor.waitForText('#state', /^Resumed From ada’s cookie, without a call to Cartesia\./);
  const [minted, resumed] = await visitor.tokens(2);
  assert.equal(resumed, minted);
});

test('a reload does not resume a single-use token', async (t) => {
  const visitor = await open(t);
  await visitor.signIn('ada');
  await visitor.choose('elevenlabs');
  await visitor.get('Minted');
  await visitor.tokens(1);
  await visitor.page.reload();
  await visitor.waitForText('#state', /^None yet/);
  await visitor.get('Minted');
  const [first, second] = await visitor.tokens(2);
  assert.notEqual(first, second);
});

test('another user does not resume the token', async (t) => {
  const visitor = await open(t);
  await visitor.signIn('ada');
  await visitor.get('Minted');
  await visitor.signIn('grace');
  await visitor.waitForText('#state', /^None yet ada’s tokens were discarded/);
  assert.deepEqual(await visitor.cookies(), ['__Host-cartesia-token'], 'ada’s cookie still exists');
  await visitor.get('Minted');
  const [adas, graces] = await visitor.tokens(2);
  assert.notEqual(adas, graces);
});

test('signing out removes the cookies, and then no token is minted', async (t) => {
  const visitor = await open(t, refusedWith(401));
  await visitor.signIn('ada');
  for (const provider of Object.keys(PROVIDERS)) {
    await visitor.choose(provider);
    await visitor.get('Minted');
  }
  assert.equal((await visitor.cookies()).length, Object.keys(PROVIDERS).length);
  await visitor.button('Sign out').click();
  await visitor.waitForText('#signed-in', /^Not signed in/);
  assert.deepEqual(await visitor.context.cookies(), []);
  await visitor.get('Refused');
  await visitor.waitForText('#problem', /sign in.*session_missing/is);
});

test('a failed sign-out is shown and can be retried', async (t) => {
  const visitor = await open(t, /ERR_INTERNET_DISCONNECTED/);
  await visitor.signIn('ada');
  await visitor.context.setOffline(true);
  await visitor.button('Sign out').click();
  await visitor.waitForText('#signed-in', /^Still signed in as ada: .*is make dev still running\?$/);
  await visitor.button('Sign in').click();
  await visitor.waitForText('#signed-in', /^No response: is make dev still running\?$/);
  await visitor.context.setOffline(false);
  await visitor.button('Sign out').click();
  await visitor.waitForText('#signed-in', /^Not signed in/);
});

test('signing out in one tab updates the other tab', async (t) => {
  const visitor = await open(t);
  await visitor.signIn('ada');
  const other = await visitor.context.newPage();
  await other.goto(voicemint.url);
  await other.getByRole('button', { name: 'Sign out' }).click();
  await visitor.waitForText('#signed-in', /^Not signed in/);
});

test('a double click does not stop the request, and the Stop button does', async (t) => {
  const visitor = await open(t);
  const pass = await visitor.stopClock();
  await visitor.signIn('ada');
  const held = [];
  await visitor.page.route('**/elevenlabs/token', (route) => { held.push(route); });
  await visitor.choose('elevenlabs');
  await visitor.button('Get a token').dblclick();
  await until('the endpoint is called', () => held.length === 1);
  await held[0].continue();
  await visitor.waitForText('#state', /^Minted By ElevenLabs/);
  await visitor.tokens(1);
  await visitor.button('Discard').click();
  await visitor.button('Get a token').click();
  await until('the endpoint is called again', () => held.length === 2);
  await pass(0.5);
  await visitor.button('Stop').click();
  await visitor.waitForText('#state', /^None yet/);
  assert.ok(await visitor.button('Get a token').isVisible());
});

for (const [how, held, send] of [
  ['a click', 'deployment.json', async (page) => {
    const { x, y, width, height } = await page.locator('#sign-in button').first().boundingBox();
    await page.mouse.click(x + width / 2, y + height / 2);
  }],
  // `inert` does not block scripts, such as those of an extension.
  ['a scripted click', 'deployment.json', (page) => page.evaluate(() => document.querySelector('#sign-in button').click())],
  ...['deployment.json', 'web/page/page.js'].flatMap((file) => ['sign-in', 'ask-form', 'speak', 'listen', 'converse'].map((id) => [
    `requestSubmit() of ${id}`, file, (page) => page.evaluate((form) => document.getElementById(form).requestSubmit(), id),
  ])),
]) {
  test(`${how} before ${held} has loaded submits no form`, async (t) => {
    const visitor = await open(t);
    const { page } = visitor;
    const waiting = [];
    await page.route(`**/${held}`, (route) => { waiting.push(route); });
    await page.reload({ waitUntil: 'commit' });
    await until('the script is requested', () => waiting.length === 1);
    await page.locator('#use').waitFor(); // the forms exist
    const loaded = [];
    page.on('request', (request) => { if (request.isNavigationRequest()) loaded.push(request.url()); });
    await send(page).catch(() => {}); // the page may navigate
    await setTimeout(300);
    assert.deepEqual(loaded, [], 'the form did not navigate');
    await waiting[0].continue();
    await visitor.button('Sign in').click();
    await visitor.waitForText('#signed-in', /^Signed in as ada/);
  });
}

test('an invalid number is an error, and is not treated as an empty field', async (t) => {
  const visitor = await open(t);
  await visitor.signIn('ada');
  const { length } = voicemint.calls();
  const field = visitor.page.getByLabel('Seconds expires_in');
  await field.press('ControlOrMeta+A');
  await field.pressSequentially('1e');
  await visitor.button('Get a token').click();
  await visitor.waitForText('#problem', /^No request was sent\.\s+expires_in must be a number$/);
  await visitor.button('Speak').click();
  await visitor.waitForText('#refused', /^No request was sent\.\s+expires_in must be a number$/);
  assert.equal(await visitor.page.evaluate(() => document.activeElement.id), 'cartesia-expires_in');
  assert.equal(voicemint.calls().length, length);
  await visitor.choose('elevenlabs');
  await visitor.get('Minted'); // a hidden field does not count
  await visitor.choose('cartesia');
  await field.fill('60');
  await visitor.get('Minted');
});

test('the page shows only what a script can know about the cookie', async (t) => {
  const visitor = await open(t);
  await visitor.signIn('ada');
  const json = { provider: 'cartesia', token: 'a-token-without-a-cookie', expires_in: 60, single_use: false };
  await visitor.page.route('**/cartesia/token', (route) => route.fulfill({ json }));
  await visitor.get('Minted');
  assert.deepEqual(await visitor.cookies(), []);
  await visitor.waitForText('#cookie', /^The endpoint’s cookie\s+__Host-cartesia-token=.*A script cannot see whether this browser has it/s);
});

test('an error response shows the invalid field', async (t) => {
  const visitor = await open(t, refusedWith(422));
  await visitor.signIn('ada');
  await visitor.page.getByLabel('Seconds expires_in').fill('3601');
  await visitor.get('Refused');
  await visitor.waitForText('#problem', /expires_in.*1 to 3600.*request_invalid/is);
  assert.deepEqual(await visitor.cookies(), []);
});
