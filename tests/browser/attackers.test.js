// Pages of a sibling subdomain and of a foreign site, in the browser of a visitor whose session
// cookie is sent with all their requests: they can neither mint a token nor read a response.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');

const { ALLOWED_ORIGIN_ONLY, NEVER_ALLOWED, tools } = require('./attempts');
const { APP, FOREIGN, SIBLING } = require('./sites');
const { until } = require('./until');
const { SESSION, TOKEN_REQUEST, hasCookie, startVisitor } = require('./visitor');

const ENDPOINT = `${APP}/cartesia/token`;

let visitor;

before(async () => {
  visitor = await startVisitor();
  await visitor.context.addInitScript(tools);
});
after(() => visitor?.stop());

test('the app mints a token, so the visitor is signed in', async (t) => {
  t.after(visitor.closePages);
  const { result } = await visitor.inPage(APP, async ([url, tokenRequest]) => (await fetch(url, tokenRequest)).status, [ENDPOINT, TOKEN_REQUEST]);
  assert.equal(result, 200);
});

for (const [who, origin, other] of [['a sibling', SIBLING, FOREIGN], ['a foreign site', FOREIGN, SIBLING]]) {
  describe(`${who} gets no token with`, () => {
    for (const [name, [method, run]] of Object.entries({ ...NEVER_ALLOWED, ...ALLOWED_ORIGIN_ONLY })) {
      test(name, async (t) => {
        t.after(visitor.closePages);
        const { page, result, calls } = await isRejected(method, origin, run, other);
        assert.equal(result ?? '', '', 'the page could read the response');
        assert.deepEqual(await timings(page, origin), [], 'the page has timing data of the call');
        for (const { response } of calls) assert.equal(response['access-control-allow-origin'], undefined);
      });
    }
  });
}

describe('the app with injected markup gets no token with', () => {
  for (const [name, [method, run]] of Object.entries(NEVER_ALLOWED)) {
    test(name, async (t) => {
      t.after(visitor.closePages);
      await isRejected(method, `${APP}/blank`, run, FOREIGN);
    });
  }
});

test('SameSite=Strict stops the foreign site, but not the sibling', async (t) => {
  t.after(visitor.closePages);
  for (const [origin, isSent] of [[SIBLING, true], [FOREIGN, false]]) {
    const watched = watch();
    await visitor.inPage(origin, attempt, [NEVER_ALLOWED['a link'][1].toString(), ENDPOINT]);
    const { calls: [call] } = await until('the endpoint has responded', watched);
    assert.equal(hasCookie(call, '__Host-cartesia-token'), isSent, origin);
  }
});

test('a sibling cannot replace the app’s cookie', async (t) => {
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

test('only the app received tokens', () => {
  const successes = visitor.voicemint.calls().filter((line) => / 2\d\d /.test(line));
  assert.deepEqual(successes.map((line) => line.replace(/ \(.*/, '')), [
    'POST /cartesia/token 200 minted', // in before()
    'POST /cartesia/token 200 resumed', // in the first test
  ]);
});

/**
 * Runs an attempt in a page: the session is sent, the endpoint returns an error, and the cookie
 * does not change.
 */
async function isRejected(method, pageUrl, run, other) {
  const before = await visitor.sealed();
  const watched = watch();
  const { page, result } = await visitor.inPage(pageUrl, attempt, [run.toString(), ENDPOINT, other]);
  const { calls, lines } = await until('the endpoint has responded', watched);
  for (const call of calls) {
    assert.deepEqual([call.method, call.status], [method, 403]);
    assert.equal(call.response['set-cookie'], undefined);
    assert.equal(hasCookie(call, SESSION), method !== 'OPTIONS', 'the session was sent');
  }
  for (const line of lines) assert.match(line, / 403 origin_not_allowed/);
  assert.deepEqual(await visitor.sealed(), before, 'the cookie has not changed');
  return { page, result, calls };
}

function attempt([run, url, other]) {
  return (0, eval)(`(${run})`)(url, other);
}

/**
 * Records from now on: returns the endpoint's calls and its printed lines, when both are complete.
 */
function watch() {
  const { sites, voicemint } = visitor;
  const [callsBefore, linesBefore] = [sites.calls.length, voicemint.calls().length];
  return () => {
    const [calls, lines] = [sites.calls.slice(callsBefore), voicemint.calls().slice(linesBefore)];
    return calls.length > 0 && lines.length >= calls.length && { calls, lines };
  };
}

/** The timing data of the call that the page can read, if the page is still open. */
async function timings(page, origin) {
  const entries = await page.evaluate(([url, here]) => location.origin === here && performance.getEntriesByName(url).map(
    (entry) => [entry.serverTiming.length, entry.transferSize, entry.decodedBodySize, entry.responseStatus],
  ), [ENDPOINT, origin]).catch(() => false);
  return (entries || []).filter((entry) => entry.some((value) => value !== 0));
}
