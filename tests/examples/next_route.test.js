// examples/next-route.js in Node.js, without Next.js: a server passes it requests, as Next.js does.
// tests/next runs it in Next.js.

const assert = require('node:assert/strict');
const { createServer } = require('node:http');
const { join } = require('node:path');
const { after, before, test } = require('node:test');
const { pathToFileURL } = require('node:url');

const { listen, startVoicemint } = require('../browser/voicemint');
const { EXAMPLES, freePort } = require('./apps');

let app;
let session;
let route;
let server;
let voicemint;
before(async () => {
  server = createServer(async (incoming, outgoing) => {
    const body = incoming.method === 'POST' ? new Uint8Array(await new Response(incoming).arrayBuffer()) : undefined;
    const request = new Request(`${app}${incoming.url}`, { method: incoming.method, headers: incoming.headers, body });
    const response = await route[incoming.method](request);
    outgoing.writeHead(response.status, [...response.headers].flat());
    outgoing.end(new Uint8Array(await response.arrayBuffer()));
  });
  await listen(server);
  app = `http://localhost:${server.address().port}`;
  voicemint = await startVoicemint('--origin', app, '--set', 'RATE_LIMIT=3/hour');
  process.env.VOICEMINT_URL = voicemint.url;
  route = await import(pathToFileURL(join(EXAMPLES, 'next-route.js')));
  session = await signIn('ada');
});
after(async () => {
  server.close();
  await voicemint?.stop();
});

async function signIn(user) {
  const response = await fetch(`${voicemint.url}/sign-in`, { method: 'POST', body: new URLSearchParams({ user }) });
  return response.headers.getSetCookie().map((cookie) => cookie.split(';')[0]).join('; ');
}

/** A request as a browser sends it, with the session. */
const call = (method, { cookie = session, origin = app, body, ...headers } = {}) => fetch(`${app}/cartesia/token`, {
  method,
  headers: { Cookie: cookie, Origin: origin, ...(body && { 'Content-Type': 'application/json' }), ...headers },
  body,
});

test('it returns a token with its cookie, and resumes it by the cookie', async () => {
  const first = await call('POST', { body: '{"grants":{"tts":true}}' });
  assert.equal(first.status, 200);
  assert.equal(first.headers.get('voicemint-source'), 'minted');
  assert.equal(first.headers.get('cache-control'), 'no-store');
  const minted = await first.json();
  assert.deepEqual(Object.keys(minted.connect), ['tts']);
  const [cookie] = first.headers.getSetCookie();
  assert.match(cookie, /^__Host-cartesia-token=.*; HttpOnly; Secure; SameSite=Strict; Path=\/; Max-Age=60$/);

  const second = await call('POST', { body: '{"grants":{"tts":true}}', cookie: `${session}; ${cookie.split(';')[0]}` });
  assert.equal(second.headers.get('voicemint-source'), 'resumed');
  assert.equal((await second.json()).token, minted.token);
});

test('the client gets a token there', async () => {
  const { createTokenSource } = await import(pathToFileURL(join(EXAMPLES, '../web/voicemint.js')));
  const source = createTokenSource(`${app}/cartesia/token`, {
    fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, Cookie: session, Origin: app } }),
  });
  const { provider, token } = await source.getToken();
  assert.equal(provider, 'cartesia');
  assert.ok(token);
});

const REFUSALS = {
  'no session': [{ cookie: '' }, 401, 'session_missing'],
  'another site': [{ origin: 'https://attacker.test' }, 403, 'origin_not_allowed'],
  'a form': [{ 'Sec-Fetch-Dest': 'document' }, 403, 'origin_not_allowed'],
  'a prefetch': [{ 'Sec-Purpose': 'prefetch' }, 403, 'origin_not_allowed'],
  'an unknown field': [{ body: '{"grantz":{}}' }, 422, 'request_invalid'],
};
for (const [what, [options, status, code]] of Object.entries(REFUSALS)) {
  test(`Voicemint refuses ${what} there`, async () => {
    const response = await call('POST', options);
    assert.equal(response.status, status);
    assert.equal(response.headers.get('content-type'), 'application/problem+json');
    assert.equal((await response.json()).code, code);
  });
}

test('a limit has its Retry-After', async () => {
  const grace = await signIn('grace');
  const responses = [];
  for (let at = 0; at < 4; at += 1) responses.push(await call('POST', { cookie: grace }));
  assert.deepEqual(responses.map(({ status }) => status), [200, 200, 200, 429]);
  assert.match(responses.at(-1).headers.get('retry-after'), /^\d{3,4}$/);
});

test('DELETE expires the cookie', async () => {
  const response = await call('DELETE');
  assert.equal(response.status, 204);
  assert.match(response.headers.getSetCookie()[0], /^__Host-cartesia-token=;.*Max-Age=0/);
});

/** Lets the route forward to another server during a test. */
async function forwardTo(t, url) {
  process.env.VOICEMINT_URL = url;
  t.after(() => { process.env.VOICEMINT_URL = voicemint.url; });
}

test('only the headers that Voicemint looks at are forwarded, with the query', async (t) => {
  let seen;
  const recorder = await listen(createServer((incoming, outgoing) => {
    seen = incoming;
    outgoing.end('{}');
  }));
  t.after(() => recorder.close());
  await forwardTo(t, `http://localhost:${recorder.address().port}`);
  const headers = { authorization: 'Bearer a', 'content-type': 'application/json', 'x-internal': 'secret', 'x-forwarded-for': '10.0.0.1', origin: app };
  await route.POST(new Request(`${app}/cartesia/token?profile=class`, { method: 'POST', headers, body: '{}' }));
  assert.equal(seen.url, '/cartesia/token?profile=class');
  const own = ['accept', 'accept-encoding', 'accept-language', 'cache-control', 'connection', 'content-length', 'host', 'pragma', 'sec-fetch-mode', 'user-agent'];
  assert.deepEqual(Object.keys(seen.headers).filter((name) => !own.includes(name)).sort(), ['authorization', 'content-type', 'origin']);
  assert.equal(seen.headers.host, `localhost:${recorder.address().port}`);
});

test('when Voicemint cannot be reached, the client can wait and retry', async (t) => {
  await forwardTo(t, `http://localhost:${await freePort()}`);
  const response = await call('POST');
  assert.equal(response.status, 503);
  assert.equal(response.headers.get('retry-after'), '1');
  assert.equal((await response.json()).code, 'provider_unavailable');
});
