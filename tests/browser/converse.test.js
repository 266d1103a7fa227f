// The page has conversations with a provider, and says where it cannot use a token.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { installAudioProbe } = require('./audio_probe');
const { checkPage } = require('./axe');
const { startChromium } = require('./chromium');
const { ECHO, UNUSABLE, replaceProvider } = require('./fake_providers');
const { visit } = require('./page');
const { until } = require('./until');
const { startVoicemint } = require('./voicemint');

let voicemint;
let chromium;
before(async () => {
  voicemint = await startVoicemint();
  chromium = await startChromium({ flags: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] });
});
after(async () => {
  await chromium?.close();
  await voicemint?.stop();
});

async function open(t, module) {
  const visitor = await visit(t, chromium, voicemint);
  const { page } = visitor;
  await page.addInitScript(installAudioProbe);
  await replaceProvider(page, 'cartesia', module);
  await page.reload();
  await visitor.signIn('ada');
  return visitor;
}

/** Starts a conversation, and waits until the provider hears something. */
async function start(visitor, source = 'Microphone') {
  await visitor.option(source).check();
  await visitor.button('Start').click();
  await until('the provider hears sound', () => visitor.page.evaluate(() => window.fake?.levels.some((level) => level > 1000)));
}

/** Calls a callback of the provider. */
const call = ({ page }, name, ...details) => page.evaluate(([callback, rest]) => window.fake.callbacks[callback](...rest), [name, details]);

const inUse = ({ page }) => page.evaluate(() => window.inUse());
const played = ({ page }) => page.evaluate(() => window.loudest().played);
const turns = async ({ page }) => (await page.getByRole('log', { name: 'Conversation' }).getByRole('listitem').allInnerTexts())
  .map((text) => text.split(/\s*\n\s*/).join(': '));

test('a conversation shows both sides and plays the answer', async (t) => {
  const visitor = await open(t, ECHO);
  const { page } = visitor;
  await page.evaluate(() => {
    const { mediaDevices } = navigator;
    const request = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = ({ audio }) => {
      window.asked = audio;
      return request({ audio });
    };
  });
  await start(visitor);
  await visitor.waitForText('#progress', /^Connected\. Talk now\.$/);
  assert.equal(await page.evaluate(() => window.asked.echoCancellation), true);
  assert.ok(await page.locator('#waveform').isVisible());
  await until('the echo is played', async () => await played(visitor) > 0.05);
  // A tenth of a second at the rate that the provider wants.
  assert.deepEqual(await page.evaluate(() => [...new Set(window.fake.lengths)]), [2400]);
  assert.ok(await page.evaluate(() => window.fake.source.has('tts')), 'the provider gets the sockets of the token');

  await call(visitor, 'onUser', '', false);
  await call(visitor, 'onAgent', 'Hi', false);
  assert.deepEqual(await turns(visitor), ['You: …', 'Agent: Hi']);
  const busy = page.locator('#dialogue [aria-busy=true]');
  assert.equal(await busy.count(), 2, 'unfinished turns are not announced');
  await checkPage(page, 'a conversation');
  await call(visitor, 'onUser', 'Hello.', true);
  await call(visitor, 'onAgent', 'Hi there.', true);
  assert.equal(await busy.count(), 0);
  await call(visitor, 'onUser', 'Bye.', true);
  await call(visitor, 'onAgent', '', false);
  await page.evaluate(() => window.fake.finish());
  await visitor.waitForText('#progress', /^Done\. The agent spoke for \d+\.\d s\.$/);
  assert.deepEqual(await turns(visitor), ['You: Hello.', 'Agent: Hi there.', 'You: Bye.']);
  assert.deepEqual(await inUse(visitor), { microphones: 0, sockets: 0 });
  await start(visitor);
  assert.deepEqual(await turns(visitor), [], 'a new conversation starts with an empty transcript');
});

test('Stop ends the audio with silence, and the page waits for the end of the answer', async (t) => {
  const visitor = await open(t, ECHO);
  const { page } = visitor;
  await start(visitor);
  await page.evaluate(() => { window.fake.echoes = false; });
  await visitor.button('Stop').click();
  await visitor.waitForText('#progress', /^Waiting for the end of the answer …$/);
  await until('the audio ends', () => page.evaluate(() => window.fake.ended));
  assert.deepEqual(await page.evaluate(() => window.fake.levels.slice(-10)), Array(10).fill(0));
  await call(visitor, 'onAgent', 'Good', false);
  await visitor.waitForText('#dialogue', /Good$/);
  await page.evaluate(() => window.fake.finish());
  await visitor.waitForText('#progress', /^Done\./);
  assert.ok(await visitor.button('Start').isVisible());
});

test('a second press of Stop does not wait', async (t) => {
  const visitor = await open(t, ECHO);
  await start(visitor);
  await visitor.button('Stop').click();
  await visitor.waitForText('#progress', /^Waiting for the end of the answer …$/);
  await visitor.button('Stop').click();
  await visitor.waitForText('#progress', /^Stopped\.$/);
  assert.deepEqual(await inUse(visitor), { microphones: 0, sockets: 0 });
});

test('signing out stops a conversation', async (t) => {
  const visitor = await open(t, ECHO);
  await start(visitor);
  assert.equal((await inUse(visitor)).microphones, 1);
  await visitor.button('Sign out').click();
  await visitor.waitForText('#progress', /^Stopped\.$/);
  assert.equal((await inUse(visitor)).microphones, 0);
});

test('a conversation ends when the answer to a sample pauses for long', async (t) => {
  const visitor = await open(t, ECHO);
  await start(visitor, 'Sample');
  await visitor.waitForText('#progress', /^Waiting for the end of the answer …$/);
  await call(visitor, 'onAgent', 'So', false);
  await visitor.waitForText('#progress', /^Done\. The agent spoke for [1-9]/);
  assert.deepEqual(await turns(visitor), ['Agent: So']);
});

test('an interruption stops the answer, and the next one is played', async (t) => {
  const visitor = await open(t, ECHO);
  const { page } = visitor;
  await start(visitor);
  await page.evaluate(() => {
    window.fake.echoes = false;
    window.tone = (seconds) => {
      const samples = Int16Array.from({ length: 24000 * seconds }, (_, index) => 10000 * Math.sin(index / 10));
      window.fake.callbacks.onAudio(new Uint8Array(samples.buffer));
    };
    window.tone(60);
    window.forgetAudio();
  });
  await call(visitor, 'onAgent', 'Once upon', false);
  await until('the answer is played', async () => await played(visitor) > 0.2);
  await call(visitor, 'onInterrupt');
  await page.waitForTimeout(200); // until the probe's buffer is empty
  await page.evaluate(() => window.forgetAudio());
  await page.waitForTimeout(300);
  assert.equal(await played(visitor), 0);
  await call(visitor, 'onAgent', 'Yes?', true);
  assert.deepEqual(await turns(visitor), ['Agent: Once upon', 'Agent: Yes?']);
  await page.evaluate(() => window.tone(0.5));
  await until('the next answer is played', async () => await played(visitor) > 0.2);
  await page.evaluate(() => window.fake.finish());
  const text = await visitor.waitForText('#progress', /^Done\./);
  assert.ok(Number.parseFloat(text.match(/[\d.]+ s/)[0]) < 30, `what was not played does not count: ${text}`);
});

test('the page says how a token is used that it cannot use itself', async (t) => {
  const visitor = await open(t, UNUSABLE);
  const { page } = visitor;
  await visitor.get('Minted');
  const section = page.locator('#use');
  assert.deepEqual(await section.getByRole('button').all(), []);
  assert.deepEqual(await section.getByRole('radio').all(), []);
  assert.match(await section.innerText(), /Use this token with the vendor’s own client\./);
  assert.doesNotMatch(await section.innerText(), /connects directly/);
  await visitor.choose('assemblyai');
  assert.ok(await visitor.button('Listen').isVisible());
  assert.match(await section.innerText(), /connects directly to localhost/);
});
