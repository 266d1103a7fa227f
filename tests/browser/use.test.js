// The page uses tokens: it speaks texts and transcribes speech.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { startChromium } = require('./chromium');
const { installAudioProbe } = require('./audio_probe');
const { until } = require('./until');
const { TRANSCRIBERS, visit } = require('./page');
const { startVoicemint } = require('./voicemint');

const SENTENCE = 'Hello, hello!';

let voicemint;
let chromium;
before(async () => {
  voicemint = await startVoicemint();
  // A fake microphone that beeps, with permission granted.
  chromium = await startChromium({ flags: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] });
});
after(async () => {
  await chromium?.close();
  await voicemint?.stop();
});

async function open(t) {
  const visitor = await visit(t, chromium, voicemint);
  await visitor.page.addInitScript(installAudioProbe);
  await visitor.page.reload();
  await visitor.signIn('ada');
  return visitor;
}

async function speak({ page, button, waitForText }) {
  await page.getByLabel('Text to speak').fill(SENTENCE);
  await button('Speak').click();
  const text = await waitForText('#progress', /s of audio/);
  // The stand-ins speak 12 characters per second.
  const seconds = Number.parseFloat(text);
  assert.ok(Math.abs(seconds - SENTENCE.length / 12) < 0.2, text);
}

const loudest = ({ page }) => page.evaluate(() => window.loudest());

test('Cartesia speaks twice with one token', async (t) => {
  const visitor = await open(t);
  await speak(visitor);
  const { played } = await loudest(visitor);
  assert.ok(played > 0.05, `the loudest sample is ${played}`);
  await speak(visitor);
  await visitor.tokens(1);
  await visitor.waitForText('#state', /^Minted/);
});

test('ElevenLabs speaks with a new token each time', async (t) => {
  const visitor = await open(t);
  await visitor.choose('elevenlabs');
  await visitor.option('tts_websocket').check();
  await speak(visitor);
  const { played } = await loudest(visitor);
  assert.ok(played > 0.05, `the loudest sample is ${played}`);
  await visitor.waitForText('#state', /^Used/);
  await speak(visitor);
  const [first, second] = await visitor.tokens(2);
  assert.notEqual(first, second);
});

test('using a single-use token twice shows the provider’s error', async (t) => {
  const visitor = await open(t);
  await visitor.choose('elevenlabs');
  await visitor.option('tts_websocket').check();
  await speak(visitor);
  await visitor.button('Use the same token again').click();
  await visitor.waitForText('#refused', /ElevenLabs refused.*used/is);
  await visitor.choose('assemblyai');
  await listen(visitor, 'Sample');
  await visitor.waitForText('#progress', /^Done\.$/);
  await visitor.button('Use the same token again').click();
  await visitor.waitForText('#refused', /AssemblyAI refused.*used/is);
});

for (const [provider, label] of Object.entries(TRANSCRIBERS)) {
  test(`${label} transcribes the microphone in real time`, async (t) => {
    const visitor = await open(t);
    await visitor.choose(provider);
    // Some tokens are for more than this.
    const mode = visitor.option('Speech to text');
    if (await mode.isVisible()) await mode.check();
    await listen(visitor, 'Microphone');
    const early = await visitor.waitForText('#transcript', /hello from/i);
    await until('loud audio is sent', async () => (await loudest(visitor)).sent > 0.05);
    await visitor.button('Stop').click();
    await visitor.waitForText('#progress', /^Done\.$/);
    const late = await visitor.waitForText('#transcript', /hello from/i);
    assert.ok(late.length >= early.length, `${early}; then ${late}`);
  });
}

const inUse = ({ page }) => page.evaluate(() => window.inUse());

for (const where of ['here', 'here, during the wait for the end of the transcript', 'in another tab']) {
  test(`signing out ${where} stops listening`, async (t) => {
    const visitor = await open(t);
    await visitor.option('Speech to text').check();
    await listen(visitor, 'Microphone');
    await until('the microphone is in use', async () => (await inUse(visitor)).sockets === 1);
    let signOut = visitor.button('Sign out');
    if (where.includes('end of the transcript')) {
      // The end of the audio is suppressed, so the transcript never ends.
      await visitor.page.evaluate(() => { MessagePort.prototype.postMessage = () => {}; });
      await visitor.button('Stop').click();
      await visitor.waitForText('#progress', /^Waiting for the end of the transcript/);
    }
    if (where.includes('another tab')) {
      const other = await visitor.context.newPage();
      await other.goto(voicemint.url);
      signOut = other.getByRole('button', { name: 'Sign out' });
    }
    assert.deepEqual(await inUse(visitor), { microphones: 1, sockets: 1 });
    await signOut.click();
    await visitor.waitForText('#signed-in', /^Not signed in/);
    await visitor.waitForText('#progress', /^Stopped\.$/);
    assert.deepEqual(await inUse(visitor), { microphones: 0, sockets: 0 });
    assert.ok(await visitor.button('Listen').isVisible());
  });
}

test('when another user signs in, speech of the previous user stops', async (t) => {
  const visitor = await open(t);
  await visitor.page.getByLabel('Text to speak').fill(SENTENCE.repeat(18)); // 20 s of audio
  await visitor.button('Speak').click();
  await visitor.waitForText('#progress', /^Speaking/);
  await visitor.signIn('grace');
  await visitor.waitForText('#progress', /^Stopped\.$/);
  assert.deepEqual(await inUse(visitor), { microphones: 0, sockets: 0 });
  assert.ok(await visitor.button('Speak').isVisible());
});

test('when another user signs in during the microphone prompt, they get no token of the previous user', async (t) => {
  const visitor = await open(t);
  await visitor.choose('elevenlabs');
  await listen(visitor, 'Microphone');
  await visitor.waitForText('#transcript', /hello/i);
  await visitor.button('Stop').click();
  await visitor.waitForText('#progress', /^Done\.$/);
  await visitor.page.evaluate(() => {
    const { mediaDevices } = navigator;
    const request = mediaDevices.getUserMedia.bind(mediaDevices);
    const allowed = new Promise((resolve) => { window.allow = resolve; });
    mediaDevices.getUserMedia = (constraints) => allowed.then(() => request(constraints));
  });
  await visitor.button('Use the same token again').click();
  await visitor.signIn('grace');
  await visitor.page.evaluate(() => window.allow());
  await visitor.waitForText('#progress', /^Stopped\.$/);
  assert.deepEqual(await inUse(visitor), { microphones: 0, sockets: 0 });
  assert.ok(!await visitor.button('Use the same token again').isVisible());
});

test('a sample is transcribed too', async (t) => {
  const visitor = await open(t);
  await visitor.option('Speech to text').check();
  await listen(visitor, 'Sample');
  await visitor.waitForText('#progress', /^Done\.$/);
  await visitor.waitForText('#transcript', /^hello from the stand-in that hears every sound you send/i);
  assert.ok((await loudest(visitor)).sent > 0.05);
});

async function listen({ button, option }, source) {
  await option(source).check();
  await button('Listen').click();
}
