// A page of another allowed origin: it mints tokens and reads complete responses.

const assert = require('node:assert/strict');
const { createServer } = require('node:http');
const { after, afterEach, before, test } = require('node:test');

const { APP, PARTNER, STUDIO } = require('./sites');
const { SESSION, hasCookie, startVisitor } = require('./visitor');
const { listen } = require('./voicemint');

let overloaded;
let visitor;

before(async () => {
  overloaded = await listen(createServer((request, response) => response.writeHead(429, { 'Retry-After': '30' }).end()));
  visitor = await startVisitor('--set', `elevenlabs:PROVIDER_BASE_URL=http://localhost:${overloaded.address().port}`);
});
after(async () => {
  await visitor?.stop();
  overloaded?.closeAllConnections();
  overloaded?.close();
});
afterEach(() => visitor.closePages());

/** Calls from an origin. Returns what its page can read. */
async function call(path, { origin = PARTNER, body, ...options } = {}) {
  const json = body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
  const { result } = await visitor.inPage(origin, async ([url, init]) => {
    const response = await fetch(url, { method: 'POST', credentials: 'include', ...init });
    const text = await response.text();
    return { status: response.status, headers: Object.fromEntries(response.headers), body: text && JSON.parse(text) };
  }, [`${APP}${path}`, { ...options, ...json }]);
  return result;
}

test('it mints with the visitor’s session, and reads the token and Voicemint-Source', async () => {
  const { status, headers, body } = await call('/assemblyai/token');
  assert.equal(status, 200);
  assert.equal(typeof body.token, 'string');
  assert.equal(headers['voicemint-source'], 'minted');
  assert.match(headers['server-timing'], /session;dur=.*provider;dur=/);
  assert.ok(hasCookie(visitor.sites.calls.at(-1), SESSION));
});

test('JSON requires a preflight', async () => {
  const { length } = visitor.sites.calls;
  assert.equal((await call('/cartesia/token', { body: { expires_in: 50 } })).status, 200);
  const calls = visitor.sites.calls.slice(length).map(({ method, status }) => `${method} ${status}`);
  assert.deepEqual(calls, ['OPTIONS 204', 'POST 200']);
});

test('it reads the error code and Retry-After', async () => {
  const { status, headers, body } = await call('/elevenlabs/token?token_type=tts_websocket', { method: 'GET' });
  assert.deepEqual([status, body.code, headers['retry-after']], [503, 'provider_unavailable', '30']);
});

test('it reads which field is invalid', async () => {
  const { status, body } = await call('/cartesia/token', { body: { expires_in: 9999 } });
  assert.deepEqual([status, body.code, body.errors[0].field], [422, 'request_invalid', 'expires_in']);
});

test('without cookies it reads that the session is missing', async () => {
  const { status, body } = await call('/cartesia/token', { credentials: 'omit' });
  assert.deepEqual([status, body.code], [401, 'session_missing']);
});

test('a Bearer token works without cookies', async () => {
  const { value } = (await visitor.context.cookies()).find(({ name }) => name === SESSION);
  const { status } = await call('/cartesia/token', { credentials: 'omit', headers: { Authorization: `Bearer ${value}` } });
  assert.equal(status, 200);
});

test('same-site calls set and remove the cookie, and cross-site calls do not', async () => {
  const cookies = async () => (await visitor.sealed()).map(({ name }) => name).filter((name) => name.includes('assemblyai'));
  const mint = async (origin) => assert.equal((await call('/assemblyai/token', { origin })).status, 200);
  const signOut = async (origin) => assert.equal((await call('/assemblyai/token', { origin, method: 'DELETE' })).status, 204);
  await mint(PARTNER);
  assert.deepEqual(await cookies(), []);
  await mint(STUDIO);
  assert.deepEqual(await cookies(), ['__Host-assemblyai-token']);
  await signOut(PARTNER);
  assert.deepEqual(await cookies(), ['__Host-assemblyai-token']);
  await signOut(STUDIO);
  assert.deepEqual(await cookies(), []);
});
