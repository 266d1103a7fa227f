// The page talks with Gemini Live: it chooses a profile, and shows and plays a conversation.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { installAudioProbe } = require('./audio_probe');
const { startChromium } = require('./chromium');
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

async function open(t) {
  const visitor = await visit(t, chromium, voicemint);
  await visitor.page.addInitScript(installAudioProbe);
  await visitor.page.reload();
  await visitor.signIn('ada');
  await visitor.choose('gemini');
  return visitor;
}

const turns = ({ page }) => page.getByRole('log', { name: 'Conversation' }).getByRole('listitem').allInnerTexts();
const loudest = ({ page }) => page.evaluate(() => window.loudest());

async function talk({ option, button }, source) {
  await option(source).check();
  await button('Start').click();
}

test('a sample is answered in the session of the chosen profile', async (t) => {
  const visitor = await open(t);
  await visitor.option('interpreter').check();
  await talk(visitor, 'Sample');
  await visitor.waitForText('#progress', /^Done\. The agent spoke for [1-9]/);
  const texts = (await turns(visitor)).join('\n');
  assert.match(texts, /You\s+Hello from the stand-in/);
  assert.match(texts, /Agent\s+Model gemini-3\.1-flash-live-preview, voice Puck, 7 words of instruction\./);
  assert.match(texts, /The stand-in heard \w+ words?\./);
  const { played, sent } = await loudest(visitor);
  assert.ok(played > 0.05 && sent > 0.05, `played ${played}, sent ${sent}`);
  await visitor.waitForText('#state', /^Used/);
});

test('the microphone is answered, in a new session each time', async (t) => {
  const visitor = await open(t);
  for (const count of [1, 2]) {
    await talk(visitor, 'Microphone');
    await visitor.waitForText('#dialogue', /You\s+Hello from/);
    await visitor.button('Stop').click();
    await visitor.waitForText('#progress', /^Done\./);
    await visitor.waitForText('#dialogue', /Agent\s+Model gemini-3\.1-flash-live-preview, voice Kore/);
    await visitor.tokens(count);
  }
  await until('the answer is played', async () => (await loudest(visitor)).played > 0.05);
});

test('a spent token shows the provider’s reason', async (t) => {
  const visitor = await open(t);
  await talk(visitor, 'Sample');
  await visitor.waitForText('#progress', /^Done\./);
  await visitor.button('Use the same token again').click();
  await visitor.waitForText('#refused', /Gemini Live refused.*used before/is);
});
