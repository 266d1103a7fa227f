// The page uses Soniox's tokens: the purpose decides between speaking and listening.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { startChromium } = require('./chromium');
const { installAudioProbe } = require('./audio_probe');
const { visit } = require('./page');
const { startVoicemint } = require('./voicemint');

const SENTENCE = 'Hello, hello!';

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

async function open(t) {
  const visitor = await visit(t, chromium, voicemint);
  await visitor.page.addInitScript(installAudioProbe);
  await visitor.page.reload();
  await visitor.signIn('ada');
  await visitor.choose('soniox');
  return visitor;
}

test('Soniox speaks with a new token each time, and the token is no part of the URL', async (t) => {
  const visitor = await open(t);
  const urls = [];
  visitor.page.on('websocket', (socket) => urls.push(socket.url()));
  await visitor.option('tts_rt').check();
  await visitor.page.getByLabel('Text to speak').fill(SENTENCE);
  for (const count of [1, 2]) {
    await visitor.button('Speak').click();
    const text = await visitor.waitForText('#progress', /s of audio/);
    // The stand-in speaks 12 characters per second.
    assert.ok(Math.abs(Number.parseFloat(text) - SENTENCE.length / 12) < 0.2, text);
    const { played } = await visitor.page.evaluate(() => window.loudest());
    assert.ok(played > 0.05, `the loudest sample is ${played}`);
    await visitor.tokens(count);
  }
  const [first, second] = await visitor.tokens(2);
  assert.notEqual(first, second);
  assert.equal(urls.length, 2);
  for (const url of urls) assert.match(url, /\/tts-websocket$/);
  await visitor.button('Use the same token again').click();
  await visitor.waitForText('#refused', /Soniox refused.*used before/is);
});

test('Soniox transcribes a sample, sentence by sentence', async (t) => {
  const visitor = await open(t);
  await visitor.option('Sample').check();
  await visitor.button('Listen').click();
  await visitor.waitForText('#progress', /^Done\.$/);
  const transcript = await visitor.waitForText('#transcript', /^Hello from the stand-in that hears every sound you send\./);
  assert.doesNotMatch(transcript, /<end>|  /);
});
