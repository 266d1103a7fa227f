// The page uses AssemblyAI's second product: it talks with an agent.

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

/** The page with a choice of product, and the sample rates of the audio that it sends. */
async function open(t) {
  const visitor = await visit(t, chromium, voicemint);
  const { page } = visitor;
  await page.addInitScript(installAudioProbe);
  await page.reload();
  await visitor.signIn('ada');
  await visitor.choose('assemblyai');
  return { ...visitor, product: (name) => page.getByRole('radio', { name, exact: true }).check() };
}

const log = ({ page }) => page.getByRole('log', { name: 'Conversation' });
const loudest = ({ page }) => page.evaluate(() => window.loudest());

test('a sample is a conversation with an agent, which ends after the answer', async (t) => {
  const visitor = await open(t);
  const sent = [];
  visitor.page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => sent.push(JSON.parse(payload))));
  await visitor.product('agent');
  await visitor.option('Sample').check();
  await visitor.button('Start').click();
  await visitor.waitForText('#progress', /^Done\. The agent spoke for [1-9]/);
  const text = await log(visitor).innerText();
  assert.match(text, /You\s+Hello from the stand-in that hears every sound you send\./);
  assert.match(text, /Agent\s+The stand-in heard \w+ words?\.\s*$/);
  const { played } = await loudest(visitor);
  assert.ok(played > 0.05, `the loudest sample is ${played}`);
  await visitor.waitForText('#state', /^Used/);
  const [first] = sent;
  assert.deepEqual([first.type, sent.at(-1).type], ['session.update', 'session.end']);
  // 100 ms of 16-bit samples at 24 kHz.
  const chunk = sent.find(({ type }) => type === 'input.audio').audio;
  assert.equal(Buffer.from(chunk, 'base64').length, 4800);

  await visitor.button('Use the same token again').click();
  await visitor.waitForText('#refused', /AssemblyAI refused.*used before/is);
});

test('the microphone is a conversation with an agent', async (t) => {
  const visitor = await open(t);
  await visitor.product('agent');
  await visitor.option('Microphone').check();
  await visitor.button('Start').click();
  await until('both have spoken', async () => /Agent[^]*You/.test(await log(visitor).innerText().catch(() => '')));
  await until('the agent is heard', async () => (await loudest(visitor)).played > 0.05);
  await visitor.button('Stop').click();
  await visitor.waitForText('#progress', /^Done\. The agent spoke for /);
});

test('the product decides how the token is used', async (t) => {
  const visitor = await open(t);
  assert.ok(await visitor.button('Listen').isVisible());
  await visitor.product('agent');
  assert.ok(await visitor.button('Start').isVisible());
  assert.ok(!await visitor.button('Listen').isVisible());
  await visitor.get('Minted');
  await visitor.waitForText('#response', /"agent": \{/);
  await visitor.product('streaming');
  await visitor.option('Sample').check();
  await visitor.button('Listen').click();
  await visitor.waitForText('#progress', /^Done\.$/);
  await visitor.waitForText('#transcript', /^hello from/i);
});
