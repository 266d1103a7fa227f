// The page: a token is minted, shown, counted down, resumed and refused.

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
  test(`${label}: a token is minted, and is nowhere but in the page's memory`, async (t) => {
    const visitor = await open(t);
    const { page } = visitor;
    await visitor.signIn('ada');
    await visitor.choose(provider);
    await visitor.get('Minted');
    await visitor.says('#left', /^\d+ s of \d+ s left/);
    await visitor.says('#cookie-note', /not there/);
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

test('a token counts down, and has expired', async (t) => {
  const visitor = await open(t);
  const pass = await visitor.stopClock();
  await visitor.signIn('ada');
  await visitor.get('Minted');
  for (const left of [60, 59, 58]) {
    await visitor.says('#left', new RegExp(`^${left} s of 60 s left`));
    await pass(1);
  }
  await pass(56);
  await visitor.says('#left', /^1 s of 60 s left/);
  await visitor.says('#state', /^Minted/);
  await pass(1);
  await visitor.says('#left', /^0 s of 60 s left/);
  await visitor.says('#state', /^Expired/);
});

test('a reload resumes a reusable token', async (t) => {
  const visitor = await open(t);
  await visitor.signIn('ada');
  await visitor.get('Minted');
  await visitor.tokens(1);
  await visitor.page.reload();
  await visitor.says('#state', /^Resumed Out of ada’s cookie: Cartesia was not called\./);
  const [minted, resumed] = await visitor.tokens(2);
  assert.equal(resumed, minted);
});

test('a reload does not resume a token for one use', async (t) => {
  const visitor = await open(t);
  await visitor.signIn('ada');
  await visitor.choose('elevenlabs');
  await visitor.get('Minted');
  await visitor.tokens(1);
  await visitor.page.reload();
  await visitor.says('#state', /^None yet/);
  await visitor.get('Minted');
  const [first, second] = await visitor.tokens(2);
  assert.notEqual(first, second);
});

test('somebody else who signs in does not resume it', async (t) => {
  const visitor = await open(t);
  await visitor.signIn('ada');
  await visitor.get('Minted');
  await visitor.signIn('grace');
  await visitor.says('#state', /^None yet ada’s tokens are forgotten/);
  assert.deepEqual(await visitor.cookies(), ['__Host-cartesia-token'], 'ada’s cookie is still there');
  await visitor.get('Minted');
  const [adas, graces] = await visitor.tokens(2);
  assert.notEqual(adas, graces);
});

test('signing out removes the cookies, and then there is no token', async (t) => {
  const visitor = await open(t, refusedWith(401));
  await visitor.signIn('ada');
  for (const provider of Object.keys(PROVIDERS)) {
    await visitor.choose(provider);
    await visitor.get('Minted');
  }
  assert.equal((await visitor.cookies()).length, 3);
  await visitor.button('Sign out').click();
  await visitor.says('#signed-in', /^Nobody is signed in/);
  assert.deepEqual(await visitor.context.cookies(), []);
  await visitor.get('Refused');
  await visitor.says('#problem', /sign in.*session_missing/is);
});

test('who cannot be signed out is told so, and may try again', async (t) => {
  const visitor = await open(t, /ERR_INTERNET_DISCONNECTED/);
  await visitor.signIn('ada');
  await visitor.context.setOffline(true);
  await visitor.button('Sign out').click();
  await visitor.says('#signed-in', /^Still signed in as ada: .*is make dev still running\?$/);
  await visitor.button('Sign in').click();
  await visitor.says('#signed-in', /^There is no answer: is make dev still running\?$/);
  await visitor.context.setOffline(false);
  await visitor.button('Sign out').click();
  await visitor.says('#signed-in', /^Nobody is signed in/);
});

test('signing out in one tab is seen in the other', async (t) => {
  const visitor = await open(t);
  await visitor.signIn('ada');
  const other = await visitor.context.newPage();
  await other.goto(voicemint.url);
  await other.getByRole('button', { name: 'Sign out' }).click();
  await visitor.says('#signed-in', /^Nobody is signed in/);
});

test('a second click does not stop what the first one began; the button that says Stop does', async (t) => {
  const visitor = await open(t);
  const pass = await visitor.stopClock();
  await visitor.signIn('ada');
  const held = [];
  await visitor.page.route('**/elevenlabs/token', (route) => { held.push(route); });
  await visitor.choose('elevenlabs');
  await visitor.button('Get a token').dblclick();
  await until('the endpoint is called', () => held.length === 1);
  await held[0].continue();
  await visitor.says('#state', /^Minted By ElevenLabs/);
  await visitor.tokens(1);
  await visitor.button('Forget it').click();
  await visitor.button('Get a token').click();
  await until('the endpoint is called again', () => held.length === 2);
  await pass(0.5);
  await visitor.button('Stop').click();
  await visitor.says('#state', /^None yet/);
  assert.ok(await visitor.button('Get a token').isVisible());
});

for (const [how, held, send] of [
  ['a click', 'deployment.json', async (page) => {
    const { x, y, width, height } = await page.locator('#sign-in button').first().boundingBox();
    await page.mouse.click(x + width / 2, y + height / 2);
  }],
  // Another script, as an extension's, is not kept out by `inert`.
  ['a scripted click', 'deployment.json', (page) => page.evaluate(() => document.querySelector('#sign-in button').click())],
  ...['deployment.json', 'page/page.js'].flatMap((file) => ['sign-in', 'ask-form', 'speak', 'listen'].map((id) => [
    `requestSubmit() of ${id}`, file, (page) => page.evaluate((form) => document.getElementById(form).requestSubmit(), id),
  ])),
]) {
  test(`${how} before ${held} is there sends no form`, async (t) => {
    const visitor = await open(t);
    const { page } = visitor;
    const waiting = [];
    await page.route(`**/${held}`, (route) => { waiting.push(route); });
    await page.reload({ waitUntil: 'commit' });
    await until('the script is on its way', () => waiting.length === 1);
    await page.locator('#use').waitFor(); // the forms are there
    const loaded = [];
    page.on('request', (request) => { if (request.isNavigationRequest()) loaded.push(request.url()); });
    await send(page).catch(() => {}); // the page may be left
    await setTimeout(300);
    assert.deepEqual(loaded, [], 'the form was not sent as a page');
    await waiting[0].continue();
    await visitor.button('Sign in').click();
    await visitor.says('#signed-in', /^Signed in as ada/);
  });
}

test('what is no number is told, and not asked as if the field were empty', async (t) => {
  const visitor = await open(t);
  await visitor.signIn('ada');
  const { length } = voicemint.calls();
  const field = visitor.page.getByLabel('Seconds expires_in');
  await field.press('ControlOrMeta+A');
  await field.pressSequentially('1e');
  await visitor.button('Get a token').click();
  await visitor.says('#problem', /^Nothing was asked\.\s+expires_in must be a number$/);
  await visitor.button('Speak').click();
  await visitor.says('#refused', /^Nothing was asked\.\s+expires_in must be a number$/);
  assert.equal(await visitor.page.evaluate(() => document.activeElement.id), 'cartesia-seconds');
  assert.equal(voicemint.calls().length, length);
  await visitor.choose('elevenlabs');
  await visitor.get('Minted'); // a field that is not shown does not count
  await visitor.choose('cartesia');
  await field.fill('60');
  await visitor.get('Minted');
});

test('of the cookie, no more is said than a page can know', async (t) => {
  const visitor = await open(t);
  await visitor.signIn('ada');
  const json = { provider: 'cartesia', token: 'a-token-without-a-cookie', expires_in: 60, single_use: false };
  await visitor.page.route('**/cartesia/token', (route) => route.fulfill({ json }));
  await visitor.get('Minted');
  assert.deepEqual(await visitor.cookies(), []);
  await visitor.says('#cookie', /^The endpoint’s cookie\s+__Host-cartesia-token=.*Whether this browser has it, no script can see/s);
});

test('a refusal says which field is wrong', async (t) => {
  const visitor = await open(t, refusedWith(422));
  await visitor.signIn('ada');
  await visitor.page.getByLabel('Seconds expires_in').fill('3601');
  await visitor.get('Refused');
  await visitor.says('#problem', /expires_in.*1 to 3600.*request_invalid/is);
  assert.deepEqual(await visitor.cookies(), []);
});
