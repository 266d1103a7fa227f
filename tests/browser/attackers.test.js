// Pages of a sibling subdomain and of a foreign site, in the browser of a visitor whose session cookie goes along with whatever
// they send: none mints, and none reads.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');

const { FROM_ALLOWED, NEVER, tools } = require('./attempts');
const { APP, FOREIGN, SIBLING } = require('./sites');
const { until } = require('./until');
const { ASK, SESSION, had, startVisitor } = require('./visitor');

const ENDPOINT = `${APP}/cartesia/token`;

let visitor;

before(async () => {
  visitor = await startVisitor();
  await visitor.context.addInitScript(tools);
});
after(() => visitor?.stop());

test('the app itself mints, so the visitor is signed in', async (t) => {
  t.after(visitor.closePages);
  const { result } = await visitor.inPage(APP, async ([url, ask]) => (await fetch(url, ask)).status, [ENDPOINT, ASK]);
  assert.equal(result, 200);
});

for (const [who, origin, other] of [['a sibling', SIBLING, FOREIGN], ['a foreign site', FOREIGN, SIBLING]]) {
  describe(`${who} gets nothing by`, () => {
    for (const [name, [arrives, run]] of Object.entries({ ...NEVER, ...FROM_ALLOWED })) {
      test(name, async (t) => {
        t.after(visitor.closePages);
        const { page, result, calls } = await isRefused(arrives, origin, run, other);
        assert.equal(result ?? '', '', 'the page has read something');
        assert.deepEqual(await timings(page, origin), [], 'the page knows how the call went');
        for (const { answer } of calls) assert.equal(answer['access-control-allow-origin'], undefined);
      });
    }
  });
}

describe('the app itself, with markup that somebody put there, gets nothing by', () => {
  for (const [name, [arrives, run]] of Object.entries(NEVER)) {
    test(name, async (t) => {
      t.after(visitor.closePages);
      await isRefused(arrives, `${APP}/blank`, run, FOREIGN);
    });
  }
});

test('SameSite=Strict alone would stop the foreign site, but not the sibling', async (t) => {
  t.after(visitor.closePages);
  for (const [origin, comes] of [[SIBLING, true], [FOREIGN, false]]) {
    const watched = watch();
    await visitor.inPage(origin, attempt, [NEVER['a link'][1].toString(), ENDPOINT]);
    const { calls: [call] } = await until('the endpoint has answered', watched);
    assert.equal(had(call, '__Host-cartesia-token'), comes, origin);
  }
});

test('a sibling cannot put a cookie of its own in the place of the app’s', async (t) => {
  t.after(visitor.closePages);
  const before = await visitor.sealed();
  const { result } = await visitor.inPage(SIBLING, () => {
    for (const name of ['__Host-cartesia-token', '__Host-elevenlabs-token', 'plain']) {
      document.cookie = `${name}=mine; Secure; Path=/; Domain=voicemint.test`;
    }
    return document.cookie;
  });
  assert.equal(result, 'plain=mine');
  assert.deepEqual(await visitor.sealed(), before);
});

test('all the while, there were tokens for the app alone', () => {
  const granted = visitor.voicemint.calls().filter((line) => / 2\d\d /.test(line));
  assert.deepEqual(granted.map((line) => line.replace(/ \(.*/, '')), [
    'POST /cartesia/token 200 minted', // before all
    'POST /cartesia/token 200 resumed', // by the first test
  ]);
});

/** Makes an attempt in a page: the session goes along, the endpoint refuses, and the cookie stays as it is. */
async function isRefused(arrives, pageUrl, run, other) {
  const before = await visitor.sealed();
  const watched = watch();
  const { page, result } = await visitor.inPage(pageUrl, attempt, [run.toString(), ENDPOINT, other]);
  const { calls, lines } = await until('the endpoint has answered', watched);
  for (const call of calls) {
    assert.deepEqual([call.method, call.status], [arrives, 403]);
    assert.equal(call.answer['set-cookie'], undefined);
    assert.equal(had(call, SESSION), arrives !== 'OPTIONS', 'the session went along');
  }
  for (const line of lines) assert.match(line, / 403 origin_not_allowed/);
  assert.deepEqual(await visitor.sealed(), before, 'the cookie is as it was');
  return { page, result, calls };
}

function attempt([run, url, other]) {
  return (0, eval)(`(${run})`)(url, other);
}

/** From now on: gives what came to the endpoint, and what was printed of it, once both are complete. */
function watch() {
  const { sites, voicemint } = visitor;
  const [seen, printed] = [sites.calls.length, voicemint.calls().length];
  return () => {
    const [calls, lines] = [sites.calls.slice(seen), voicemint.calls().slice(printed)];
    return calls.length > 0 && lines.length >= calls.length && { calls, lines };
  };
}

/** What the clock of the page, if it is still there, tells of the call, beyond that there was one. */
async function timings(page, origin) {
  const known = await page.evaluate(([url, here]) => location.origin === here && performance.getEntriesByName(url).map(
    (entry) => [entry.serverTiming.length, entry.transferSize, entry.decodedBodySize, entry.responseStatus],
  ), [ENDPOINT, origin]).catch(() => false);
  return (known || []).filter((entry) => entry.some((value) => value !== 0));
}
