// The choice among many providers, and of a deployment's profiles.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { checkPage } = require('./axe');
const { startChromium } = require('./chromium');
const { ECHO, replaceProviders } = require('./fake_providers');
const { visit } = require('./page');
const { startVoicemint } = require('./voicemint');

const TITLES = [
  'Cartesia', 'ElevenLabs', 'AssemblyAI', 'Deepgram', 'ElevenLabs Agents', 'AssemblyAI Voice Agent', 'Gemini Live', 'OpenAI Realtime', 'LiveKit',
];
// Their names are paths of endpoints that exist.
const NINE = Object.fromEntries(TITLES.map((title, index) => [index ? `other${index}` : 'cartesia', { title, module: ECHO }]));
const COLUMNS = { 320: 2, 390: 2, 800: 4, 1280: 3 };

/** A provider whose sessions the deployment configures. */
const PROFILED = `
import { text } from "/web/page/fields.js";
export const note = "By profile.";
export const fields = [{ name: "profile", label: "Profile", type: "radio", options: "profiles" }];
export const ask = (form) => ({ profile: text(form.get("profile")) });
`;

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

async function open(t, providers, { deployed, ...options } = {}) {
  const visitor = await visit(t, chromium, voicemint, options);
  await replaceProviders(visitor.page, providers, deployed);
  await visitor.page.reload();
  await visitor.page.waitForFunction(() => !document.querySelector('main').inert);
  await visitor.signIn('ada');
  return visitor;
}

for (const [width, columns] of Object.entries(COLUMNS)) {
  test(`nine providers on a screen of ${width} pixels`, async (t) => {
    const visitor = await open(t, NINE, { viewport: { width: Number(width), height: 640 } });
    const { page } = visitor;
    const labels = await page.locator('#providers label').evaluateAll((all) => all.map((label) => {
      const { x, width, height } = label.getBoundingClientRect();
      return { text: label.innerText, x, width, height, overflow: label.scrollWidth - label.clientWidth };
    }));
    assert.equal(labels.length, TITLES.length);
    for (const { text, width, height, overflow } of labels) {
      assert.ok(width >= 44 && height >= 44, `${text} is ${width} by ${height} pixels`);
      assert.equal(overflow, 0, text);
      assert.match(text, /\s(stand-in|real provider)$/);
    }
    assert.equal(new Set(labels.map(({ x }) => x)).size, columns);
    await checkPage(page, 'nine providers');
    const radios = page.getByRole('group', { name: 'Provider' }).getByRole('radio');
    await radios.first().focus();
    for (let step = 1; step < TITLES.length; step += 1) await page.keyboard.press('ArrowDown');
    assert.ok(await radios.last().isChecked());
    await page.keyboard.press('ArrowDown');
    assert.ok(await radios.first().isChecked());
    await visitor.get('Minted');
  });
}

/** Gets a token, and returns the body of the request. */
async function requested(page) {
  const request = page.waitForRequest(/\/token$/);
  await page.getByRole('button', { name: 'Get a token' }).click();
  return (await request).postDataJSON();
}

const profiled = { cartesia: { title: 'Cartesia', module: PROFILED } };
const answer = (route) => route.fulfill({ json: { provider: 'cartesia', token: 't', expires_in: 60, single_use: false } });

test('the profiles of the deployment are choices', async (t) => {
  const { page, option } = await open(t, profiled, { deployed: { profiles: ['receptionist', 'a-very-long-name-that-does-not-fit-into-one-line-of-a-phone-screen'] }, viewport: { width: 320, height: 640 } });
  await page.route('**/cartesia/token', answer);
  assert.ok(await option('receptionist').isChecked());
  await checkPage(page, 'profiles');
  assert.deepEqual(await requested(page), { profile: 'receptionist' });
  await option('a-very-long-name').check();
  assert.deepEqual(await requested(page), { profile: 'a-very-long-name-that-does-not-fit-into-one-line-of-a-phone-screen' });
});

test('a profile is typed if the deployment names none', async (t) => {
  const { page } = await open(t, profiled, { deployed: { profiles: [] } });
  await page.route('**/cartesia/token', answer);
  const request = page.waitForRequest(/\/token$/);
  await page.getByRole('button', { name: 'Get a token' }).click();
  assert.doesNotMatch((await request).postData() ?? '', /profile/, 'without a profile, the endpoint uses its default');
  await page.getByLabel('Profile').fill('receptionist');
  assert.deepEqual(await requested(page), { profile: 'receptionist' });
  await page.reload();
  assert.equal(await page.getByLabel('Profile').inputValue(), 'receptionist', 'the choice survives a reload');
});
