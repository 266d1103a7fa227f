// The page uses OpenAI Realtime: conversations, transcriptions and translations, by the profile.

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

async function open(t, profile, options) {
  const visitor = await visit(t, chromium, voicemint, options);
  await visitor.page.addInitScript(installAudioProbe);
  await visitor.page.reload();
  await visitor.signIn('ada');
  await visitor.choose('openai');
  await visitor.option(profile).check();
  return visitor;
}

async function start(visitor, mode, source) {
  await visitor.option(mode).check();
  await visitor.option(source).check();
  await visitor.button({ Conversation: 'Start', 'Speech to text': 'Listen' }[mode]).click();
}

const loudest = ({ page }) => page.evaluate(() => window.loudest());
const inUse = ({ page }) => page.evaluate(() => window.inUse());
const turns = async ({ page }) => (await page.getByRole('log', { name: 'Conversation' }).getByRole('listitem').allInnerTexts())
  .map((text) => text.split(/\s*\n\s*/).join(': '));

test('the model answers the sample, with both transcripts and sound', async (t) => {
  const visitor = await open(t, 'default');
  await start(visitor, 'Conversation', 'Sample');
  await visitor.waitForText('#progress', /^Done\. The agent spoke for [1-9]/);
  const lines = await turns(visitor);
  assert.match(lines[0], /^You: Hello from the stand-in/);
  assert.match(lines.at(-1), /^Agent: The stand-in heard \w+ words?\.$/);
  const { played } = await loudest(visitor);
  assert.ok(played > 0.05, `played ${played}`);
  assert.deepEqual(await inUse(visitor), { microphones: 0, sockets: 0 });
});

test('the model answers the microphone after Stop, which ends the turn with silence', async (t) => {
  const visitor = await open(t, 'default');
  await start(visitor, 'Conversation', 'Microphone');
  await visitor.waitForText('#dialogue', /^You/);
  await until('loud audio is sent', async () => (await loudest(visitor)).sent > 0.05);
  assert.equal((await inUse(visitor)).microphones, 1);
  await visitor.button('Stop').click();
  await visitor.waitForText('#progress', /^Done\. The agent spoke for [1-9]/);
  assert.match((await turns(visitor)).at(-1), /^Agent: The stand-in heard/);
  assert.deepEqual(await inUse(visitor), { microphones: 0, sockets: 0 });
});

test('a transcription shows the transcript of the sample', async (t) => {
  const visitor = await open(t, 'dictation');
  await start(visitor, 'Speech to text', 'Sample');
  await visitor.waitForText('#progress', /^Done\.$/);
  await visitor.waitForText('#transcript', /^Hello from the stand-in/);
});

test('a translation shows and plays both sides', async (t) => {
  const visitor = await open(t, 'french');
  await start(visitor, 'Conversation', 'Sample');
  await visitor.waitForText('#progress', /^Done\. The agent spoke for [1-9]/);
  const lines = await turns(visitor);
  assert.equal(lines.length, 2, lines.join('\n'));
  assert.match(lines[0], /^You: Hello from the stand-in/);
  assert.match(lines[1], /^Agent: The stand-in heard/);
  const { played } = await loudest(visitor);
  assert.ok(played > 0.05, `played ${played}`);
});

test('a profile of another type is refused before the token is used', async (t) => {
  const visitor = await open(t, 'dictation');
  await start(visitor, 'Conversation', 'Sample');
  await visitor.waitForText('#refused', /no such entry in connect/);
  const [token] = await visitor.tokens(1);
  const opened = await visitor.page.evaluate(async (secret) => {
    const host = document.querySelector('#host').textContent;
    const socket = new WebSocket(`ws://${host}/v1/realtime?intent=transcription`, ['realtime', `openai-insecure-api-key.${secret}`]);
    await new Promise((resolve) => { socket.onopen = socket.onclose = resolve; });
    return socket.protocol;
  }, token);
  assert.equal(opened, 'realtime');
});

test('the same token is refused a second time', async (t) => {
  const visitor = await open(t, 'dictation', { expected: [/WebSocket connection to .* failed/] });
  await start(visitor, 'Speech to text', 'Sample');
  await visitor.waitForText('#progress', /^Done\.$/);
  await visitor.button('Use the same token again').click();
  await visitor.waitForText('#refused', /OpenAI Realtime refused/);
});
