// The page has a conversation with an agent of ElevenLabs' stand-in.

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
  await visitor.choose('elevenlabs-agents');
  return visitor;
}

const turns = async ({ page }) => (await page.getByRole('log', { name: 'Conversation' }).getByRole('listitem').allInnerTexts())
  .map((text) => text.split(/\s*\n\s*/).join(': '));
const has = (visitor, pattern) => async () => (await turns(visitor)).some((turn) => pattern.test(turn));

for (const source of ['Sample', 'Microphone']) {
  test(`the agent greets, hears the ${source.toLowerCase()} and answers`, async (t) => {
    const visitor = await open(t);
    await visitor.option(source).check();
    await visitor.button('Start').click();
    await until('the agent greets', has(visitor, /^Agent: Hello from the stand-in\.$/));
    await until('the agent hears the user', has(visitor, /^You: Hello from the/));
    await until('the agent answers', has(visitor, /^Agent: The stand-in heard \d+ words\.$/));
    await until('the agent is heard', async () => (await visitor.page.evaluate(() => window.loudest())).played > 0.05);
    if (source === 'Microphone') await visitor.button('Stop').click();
    await visitor.waitForText('#progress', /^Done\. The agent spoke for \d+\.\d s\.$/);
    const [url] = await visitor.tokens(1);
    assert.match(url, /^ws:\/\/localhost:\d+\/v1\/convai\/conversation\?agent_id=agent_standin_greeter&/);
  });
}

test('the user chooses a profile of the deployment', async (t) => {
  const visitor = await open(t);
  for (const name of ['default', 'support', 'tutor']) assert.ok(await visitor.option(name).isVisible(), name);
  assert.ok(await visitor.option('default').isChecked());
  await visitor.option('tutor').check();
  await visitor.option('Sample').check();
  await visitor.button('Start').click();
  await until('the tutor greets', has(visitor, /^Agent: The stand-in has time\.$/));
  await visitor.button('Stop').click();
});

test('a token for WebRTC is shown, but not used', async (t) => {
  const visitor = await open(t);
  await visitor.option('webrtc').check();
  await visitor.waitForText('#usage', /livekit_url/);
  assert.equal(await visitor.button('Start').isVisible(), false);
  await visitor.get('Minted');
  const [token] = await visitor.tokens(1);
  assert.match(token, /^eyJ/);
});
