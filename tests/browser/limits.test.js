// A user who has reached a rate limit: the page shows it, waits if the wait is short, and retries.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');

const { startChromium } = require('./chromium');
const { refusedWith, visit } = require('./page');
const { until } = require('./until');
const { startVoicemint } = require('./voicemint');

// Waits of at most 5 s, one minute and one day.
const LIMITS = ['elevenlabs:RATE_LIMIT=12/minute', 'assemblyai:RATE_LIMIT=1/minute', 'cartesia:RATE_LIMIT=1/day'];

let voicemint;
let chromium;
before(async () => {
  voicemint = await startVoicemint(...LIMITS.flatMap((limit) => ['--set', limit]));
  chromium = await startChromium();
});
after(async () => {
  await chromium?.close();
  await voicemint?.stop();
});

/** Opens the page for a user. Each user has their own limits. */
async function open(t, name, provider) {
  const visitor = await visit(t, chromium, voicemint, { expected: [refusedWith(429)] });
  await visitor.signIn(name);
  await visitor.choose(provider);
  return visitor;
}

/** Mints ElevenLabs tokens until the limit is reached. */
const useUp = ({ page }) => page.evaluate(async () => {
  const body = JSON.stringify({ token_type: 'realtime_scribe' });
  const mint = () => fetch('/elevenlabs/token', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  while ((await mint()).status !== 429);
});

/** Returns a function that returns the statuses of the calls since now. */
function recordStatuses() {
  const { length } = voicemint.calls();
  return () => voicemint.calls().slice(length).map((call) => call.split(' ')[2]);
}

test('the page waits and then retries', async (t) => {
  const visitor = await open(t, 'ada', 'elevenlabs');
  const since = recordStatuses();
  const [states, problems] = [await visitor.recordTexts('#state'), await visitor.recordTexts('#problem')];
  const waits = /^Waiting The page waits [1-5] s, then retries\. [1-5] s$/;
  // On a busy machine the limit may allow the next token by the time of the click.
  await until('the page waits', async () => {
    await useUp(visitor);
    await visitor.get('(Waiting|Minted)');
    return (await states()).some((state) => waits.test(state));
  });
  await visitor.waitForText('#state', /^Minted By ElevenLabs, for ada\.$/);
  assert.deepEqual(since().slice(-2), ['429', '200'], 'not before Retry-After');
  const expected = /^Too many tokens .* in a short time\. Try again in [1-5] s\.\s+rate_limited$/s;
  assert.ok((await problems()).some((problem) => expected.test(problem)), await problems());
  await visitor.waitForText('#waterfall', /^session\s.*\ssecret\s.*\slimit\s.*\sprovider\s.*\snetwork\s/s);
  assert.ok(await visitor.button('Get a token').isVisible());
});

test('a wait counts down; after Stop, no more requests are sent', async (t) => {
  const visitor = await open(t, 'grace', 'assemblyai');
  const pass = await visitor.stopClock();
  await visitor.choose('assemblyai');
  await visitor.get('Minted');
  await visitor.button('Discard').click();
  const since = recordStatuses();
  await visitor.get('Waiting The page waits [0-9]+ s, then retries');
  const rest = Number(/ (\d+) s$/.exec(await visitor.page.locator('#state').innerText())[1]);
  for (const passed of [1, 2, 3]) {
    await pass(1);
    await visitor.waitForText('#state', new RegExp(`^Waiting .* ${rest - passed} s$`));
  }
  await visitor.button('Stop').click();
  await visitor.waitForText('#state', new RegExp(`^Refused The endpoint responded with 429\\. Try again in ${rest - 3} s\\.$`));
  await pass(rest);
  await visitor.waitForText('#state', /^Refused The endpoint responded with 429\.$/);
  await sleep(500);
  assert.deepEqual(since(), ['429']);
});

test('a wait for one provider does not delay the others', async (t) => {
  const visitor = await open(t, 'hedy', 'assemblyai');
  await visitor.get('Minted');
  await visitor.button('Discard').click();
  await visitor.get('Waiting');
  await visitor.choose('elevenlabs');
  await visitor.waitForText('#state', /^None yet/);
  await visitor.get('Minted By ElevenLabs');
  await visitor.choose('assemblyai');
  await visitor.waitForText('#state', /^Waiting .* \d+ s$/);
  await visitor.button('Stop').click();
  await visitor.waitForText('#state', /^Refused .* Try again in \d+ s\.$/);
});

test('a wait of hours is an immediate error; resumed tokens do not count', async (t) => {
  const visitor = await open(t, 'mary', 'cartesia');
  await visitor.get('Minted');
  await visitor.page.reload();
  await visitor.waitForText('#state', /^Resumed/);
  await visitor.page.getByLabel('Seconds expires_in').fill('600');
  const since = recordStatuses();
  await visitor.get('Refused The endpoint responded with 429\\. Try again in (24 h|23 h 59 min)\\.$');
  await visitor.waitForText('#problem', /Try again in (24 h|23 h 59 min)\.\s+rate_limited$/);
  await sleep(500);
  assert.deepEqual(since(), ['429']);
});

test('listening waits for its token too, and can be stopped', async (t) => {
  const visitor = await open(t, 'joan', 'assemblyai');
  await visitor.option('Sample').check();
  await visitor.get('Minted');
  await visitor.button('Discard').click();
  await visitor.button('Listen').click();
  await visitor.waitForText('#progress', /^The page waits \d+ s, then retries\.$/);
  await visitor.button('Stop').click();
  await visitor.waitForText('#progress', /^Stopped\.$/);
  await visitor.waitForText('#state', /^Refused/);
  await visitor.choose('elevenlabs');
  await useUp(visitor);
  await visitor.button('Listen').click();
  await visitor.waitForText('#transcript', /hello/i);
});
