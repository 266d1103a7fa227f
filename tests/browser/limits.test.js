// A user who has had as many tokens as the limits allow: the page says so, waits where that is short, and asks again.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');

const { startChromium } = require('./chromium');
const { refusedWith, visit } = require('./page');
const { until } = require('./until');
const { startVoicemint } = require('./voicemint');

// Waits of up to 5 s, up to a minute, and up to a day.
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

/** Somebody who is signed in: each has limits of their own. */
async function open(t, name, provider) {
  const visitor = await visit(t, chromium, voicemint, { expected: [refusedWith(429)] });
  await visitor.signIn(name);
  await visitor.choose(provider);
  return visitor;
}

/** Mints of ElevenLabs' what the limit still allows. */
const useUp = ({ page }) => page.evaluate(async () => {
  const body = JSON.stringify({ token_type: 'realtime_scribe' });
  const mint = () => fetch('/elevenlabs/token', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  while ((await mint()).status !== 429);
});

/** Gives a function that tells how the calls since then were answered. */
function answers() {
  const { length } = voicemint.calls();
  return () => voicemint.calls().slice(length).map((call) => call.split(' ')[2]);
}

test('the page waits, and then asks again by itself', async (t) => {
  const visitor = await open(t, 'ada', 'elevenlabs');
  const since = answers();
  const [states, problems] = [await visitor.record('#state'), await visitor.record('#problem')];
  const waits = /^Waiting The page waits [1-5] s, then asks again by itself\. [1-5] s$/;
  // Where the machine is busy, the next token may be there again by the time of the click.
  await until('the page waits', async () => {
    await useUp(visitor);
    await visitor.get('(Waiting|Minted)');
    return (await states()).some((state) => waits.test(state));
  });
  await visitor.says('#state', /^Minted By ElevenLabs, for ada\.$/);
  assert.deepEqual(since().slice(-2), ['429', '200'], 'not before its time');
  const told = /^Too many tokens .* in a short time\. Try again in [1-5] s\.\s+rate_limited$/s;
  assert.ok((await problems()).some((problem) => told.test(problem)), await problems());
  await visitor.says('#waterfall', /^session\s.*\ssecret\s.*\slimit\s.*\sprovider\s.*\snetwork\s/s);
  assert.ok(await visitor.button('Get a token').isVisible());
});

test('a wait is counted down; who waits can stop, and nothing is asked any more', async (t) => {
  const visitor = await open(t, 'grace', 'assemblyai');
  const pass = await visitor.stopClock();
  await visitor.choose('assemblyai');
  await visitor.get('Minted');
  await visitor.button('Forget it').click();
  const since = answers();
  await visitor.get('Waiting The page waits [0-9]+ s, then asks again by itself');
  const rest = Number(/ (\d+) s$/.exec(await visitor.page.locator('#state').innerText())[1]);
  for (const passed of [1, 2, 3]) {
    await pass(1);
    await visitor.says('#state', new RegExp(`^Waiting .* ${rest - passed} s$`));
  }
  await visitor.button('Stop').click();
  await visitor.says('#state', new RegExp(`^Refused The endpoint answered 429\\. Come again in ${rest - 3} s\\.$`));
  await pass(rest);
  await visitor.says('#state', /^Refused The endpoint answered 429\.$/);
  await sleep(500);
  assert.deepEqual(since(), ['429']);
});

test('one provider’s wait does not hold up the others', async (t) => {
  const visitor = await open(t, 'hedy', 'assemblyai');
  await visitor.get('Minted');
  await visitor.button('Forget it').click();
  await visitor.get('Waiting');
  await visitor.choose('elevenlabs');
  await visitor.says('#state', /^None yet/);
  await visitor.get('Minted By ElevenLabs');
  await visitor.choose('assemblyai');
  await visitor.says('#state', /^Waiting .* \d+ s$/);
  await visitor.button('Stop').click();
  await visitor.says('#state', /^Refused .* Come again in \d+ s\.$/);
});

test('what would take hours is refused at once, in words; what is resumed does not count', async (t) => {
  const visitor = await open(t, 'mary', 'cartesia');
  await visitor.get('Minted');
  await visitor.page.reload();
  await visitor.says('#state', /^Resumed/);
  await visitor.page.getByLabel('Seconds expires_in').fill('600');
  const since = answers();
  await visitor.get('Refused The endpoint answered 429\\. Come again in (24 h|23 h 59 min)\\.$');
  await visitor.says('#problem', /Try again in (24 h|23 h 59 min)\.\s+rate_limited$/);
  await sleep(500);
  assert.deepEqual(since(), ['429']);
});

test('listening waits for its token too, and can be stopped meanwhile', async (t) => {
  const visitor = await open(t, 'joan', 'assemblyai');
  await visitor.option('Sample').check();
  await visitor.get('Minted');
  await visitor.button('Forget it').click();
  await visitor.button('Listen').click();
  await visitor.says('#progress', /^The page waits \d+ s, then asks again by itself\.$/);
  await visitor.button('Stop').click();
  await visitor.says('#progress', /^Stopped\.$/);
  await visitor.says('#state', /^Refused/);
  await visitor.choose('elevenlabs');
  await useUp(visitor);
  await visitor.button('Listen').click();
  await visitor.says('#transcript', /hello/i);
});
