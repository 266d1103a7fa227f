// The page uses Deepgram's tokens: it speaks, transcribes, and has conversations with one token.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { installAudioProbe } = require('./audio_probe');
const { startChromium } = require('./chromium');
const { visit } = require('./page');
const { until } = require('./until');
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

async function open(t, mode) {
  const visitor = await visit(t, chromium, voicemint);
  await visitor.page.addInitScript(installAudioProbe);
  await visitor.page.reload();
  await visitor.signIn('ada');
  await visitor.choose('deepgram');
  await visitor.option(mode).check();
  return visitor;
}

const loudest = ({ page }) => page.evaluate(() => window.loudest());
const inUse = ({ page }) => page.evaluate(() => window.inUse());
const turns = async ({ page }) => (await page.getByRole('log', { name: 'Conversation' }).getByRole('listitem').allInnerTexts())
  .map((text) => text.split(/\s*\n\s*/).join(': '));

test('Deepgram speaks, transcribes and converses with one token', async (t) => {
  const visitor = await open(t, 'Text to speech');
  await visitor.page.getByLabel('Text to speak').fill(SENTENCE);
  await visitor.button('Speak').click();
  const text = await visitor.waitForText('#progress', /s of audio/);
  assert.ok(Math.abs(Number.parseFloat(text) - SENTENCE.length / 12) < 0.2, text);
  assert.ok((await loudest(visitor)).played > 0.05);

  await visitor.option('Speech to text').check();
  await visitor.option('Sample').check();
  await visitor.button('Listen').click();
  await visitor.waitForText('#progress', /^Done\.$/);
  await visitor.waitForText('#transcript', /^Hello from the stand-in that hears every sound you send\./);

  await visitor.option('Conversation').check();
  await visitor.option('Sample').check();
  await visitor.button('Start').click();
  await visitor.waitForText('#progress', /^Done\. The agent spoke for [1-9]/);
  const said = await turns(visitor);
  assert.deepEqual(said.slice(0, 2), ['Agent: Hello! What can I do for you?', 'You: Hello from the stand-in that hears every sound you send.'], said.join('\n'));
  assert.match(said.at(-1), /^Agent: The stand-in heard/);
  await visitor.tokens(1);
  assert.deepEqual(await inUse(visitor), { microphones: 0, sockets: 0 });
});

test('a conversation through the microphone is answered, and Stop ends it', async (t) => {
  const visitor = await open(t, 'Conversation');
  await visitor.option('Microphone').check();
  await visitor.button('Start').click();
  await visitor.waitForText('#dialogue', /heard 10 words/);
  await until('loud audio is played', async () => (await loudest(visitor)).played > 0.05);
  assert.deepEqual(await inUse(visitor), { microphones: 1, sockets: 1 });
  await visitor.button('Stop').click();
  await visitor.waitForText('#progress', /^Done\./);
  assert.deepEqual(await inUse(visitor), { microphones: 0, sockets: 0 });
});
