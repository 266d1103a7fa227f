// The page: tokens are used. Sentences are heard, and what is said is written.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { startChromium } = require('./chromium');
const { measureSound } = require('./sound');
const { until } = require('./until');
const { PROVIDERS, visit } = require('./page');
const { startVoicemint } = require('./voicemint');

const SENTENCE = 'Hello, hello!';

let voicemint;
let chromium;
before(async () => {
  voicemint = await startVoicemint();
  // A microphone that beeps, which may be used without asking.
  chromium = await startChromium({ flags: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] });
});
after(async () => {
  await chromium?.close();
  await voicemint?.stop();
});

async function open(t) {
  const visitor = await visit(t, chromium, voicemint);
  await visitor.page.addInitScript(measureSound);
  await visitor.page.reload();
  await visitor.signIn('ada');
  return visitor;
}

async function speak({ page, button, says }) {
  await page.getByLabel('A sentence to hear').fill(SENTENCE);
  await button('Speak').click();
  const told = await says('#progress', /s of sound/);
  // The stand-ins take a twelfth of a second a character.
  const seconds = Number.parseFloat(told);
  assert.ok(Math.abs(seconds - SENTENCE.length / 12) < 0.2, told);
}

const loudest = ({ page }) => page.evaluate(() => window.loudest());

test('Cartesia is heard, twice with one token', async (t) => {
  const visitor = await open(t);
  await speak(visitor);
  const { played } = await loudest(visitor);
  assert.ok(played > 0.05, `the loudest sample is ${played}`);
  await speak(visitor);
  await visitor.tokens(1);
  await visitor.says('#state', /^Minted/);
});

test('ElevenLabs is heard, with a token for each time', async (t) => {
  const visitor = await open(t);
  await visitor.choose('elevenlabs');
  await visitor.option('tts_websocket').check();
  await speak(visitor);
  const { played } = await loudest(visitor);
  assert.ok(played > 0.05, `the loudest sample is ${played}`);
  await visitor.says('#state', /^Spent/);
  await speak(visitor);
  const [first, second] = await visitor.tokens(2);
  assert.notEqual(first, second);
});

test('a token for one use that is used twice is refused in words', async (t) => {
  const visitor = await open(t);
  await visitor.choose('elevenlabs');
  await visitor.option('tts_websocket').check();
  await speak(visitor);
  await visitor.button('Use the same token again').click();
  await visitor.says('#refused', /ElevenLabs refused.*used/is);
  await visitor.choose('assemblyai');
  await listen(visitor, 'Sample');
  await visitor.says('#progress', /^Done\.$/);
  await visitor.button('Use the same token again').click();
  await visitor.says('#refused', /AssemblyAI refused.*used/is);
});

for (const [provider, label] of Object.entries(PROVIDERS)) {
  test(`${label} writes what the microphone hears, while it is said`, async (t) => {
    const visitor = await open(t);
    await visitor.choose(provider);
    if (provider === 'cartesia') await visitor.option('Speech to text').check();
    await listen(visitor, 'Microphone');
    const early = await visitor.says('#transcript', /hello from/i);
    await until('something loud is sent', async () => (await loudest(visitor)).said > 0.05);
    await visitor.button('Stop').click();
    await visitor.says('#progress', /^Done\.$/);
    const late = await visitor.says('#transcript', /hello from/i);
    assert.ok(late.length >= early.length, `${early}; then ${late}`);
  });
}

const inUse = ({ page }) => page.evaluate(() => window.inUse());

for (const where of ['here', 'here, while the last words are waited for', 'in another tab']) {
  test(`signing out ${where} ends what listens`, async (t) => {
    const visitor = await open(t);
    await visitor.option('Speech to text').check();
    await listen(visitor, 'Microphone');
    await until('the microphone is heard', async () => (await inUse(visitor)).sockets === 1);
    let signOut = visitor.button('Sign out');
    if (where.includes('last words')) {
      // The sound is not told to end, so they never come.
      await visitor.page.evaluate(() => { MessagePort.prototype.postMessage = () => {}; });
      await visitor.button('Stop').click();
      await visitor.says('#progress', /^Waiting for the last words/);
    }
    if (where.includes('another tab')) {
      const other = await visitor.context.newPage();
      await other.goto(voicemint.url);
      signOut = other.getByRole('button', { name: 'Sign out' });
    }
    assert.deepEqual(await inUse(visitor), { microphones: 1, sockets: 1 });
    await signOut.click();
    await visitor.says('#signed-in', /^Nobody is signed in/);
    await visitor.says('#progress', /^Stopped\.$/);
    assert.deepEqual(await inUse(visitor), { microphones: 0, sockets: 0 });
    assert.ok(await visitor.button('Listen').isVisible());
  });
}

test('somebody else who signs in does not hear what was spoken for the one before', async (t) => {
  const visitor = await open(t);
  await visitor.page.getByLabel('A sentence to hear').fill(SENTENCE.repeat(18)); // 20 s of sound
  await visitor.button('Speak').click();
  await visitor.says('#progress', /^Speaking/);
  await visitor.signIn('grace');
  await visitor.says('#progress', /^Stopped\.$/);
  assert.deepEqual(await inUse(visitor), { microphones: 0, sockets: 0 });
  assert.ok(await visitor.button('Speak').isVisible());
});

test('somebody else who signs in while the microphone is asked for gets nothing of the one before', async (t) => {
  const visitor = await open(t);
  await visitor.choose('elevenlabs');
  await listen(visitor, 'Microphone');
  await visitor.says('#transcript', /hello/i);
  await visitor.button('Stop').click();
  await visitor.says('#progress', /^Done\.$/);
  await visitor.page.evaluate(() => {
    const { mediaDevices } = navigator;
    const ask = mediaDevices.getUserMedia.bind(mediaDevices);
    const allowed = new Promise((resolve) => { window.allow = resolve; });
    mediaDevices.getUserMedia = (asked) => allowed.then(() => ask(asked));
  });
  await visitor.button('Use the same token again').click();
  await visitor.signIn('grace');
  await visitor.page.evaluate(() => window.allow());
  await visitor.says('#progress', /^Stopped\.$/);
  assert.deepEqual(await inUse(visitor), { microphones: 0, sockets: 0 });
  assert.ok(!await visitor.button('Use the same token again').isVisible());
});

test('a sample is written too', async (t) => {
  const visitor = await open(t);
  await visitor.option('Speech to text').check();
  await listen(visitor, 'Sample');
  await visitor.says('#progress', /^Done\.$/);
  await visitor.says('#transcript', /^hello from the stand-in that hears every sound you send/i);
  assert.ok((await loudest(visitor)).said > 0.05);
});

async function listen({ button, option }, sound) {
  await option(sound).check();
  await button('Listen').click();
}
