// DNS rebinding: the name of a foreign site changes to the address of a developer's machine, which
// makes them the same origin.

const assert = require('node:assert/strict');
const { createServer } = require('node:http');
const { connect, createServer: createRelay } = require('node:net');
const { test } = require('node:test');

const { startChromium } = require('./chromium');
const { listen, startVoicemint } = require('./voicemint');

test('a foreign name that resolves to this machine cannot sign in or mint tokens', async (t) => {
  const voicemint = await startVoicemint();
  t.after(voicemint.stop);
  const attacker = await listen(createServer((request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html', Connection: 'close' });
    response.end('<!doctype html><link rel="icon" href="data:,">');
  }));
  t.after(() => attacker.close());
  let target = attacker.address().port;
  const relay = await listen(createRelay((socket) => {
    const onward = connect(target, '127.0.0.1');
    for (const end of [socket, onward]) end.on('error', () => {});
    socket.pipe(onward).pipe(socket);
  }));
  t.after(() => relay.close());
  const name = `evil.example:${voicemint.port}`;
  const chromium = await startChromium({ names: { [name]: relay.address().port } });
  t.after(() => chromium.close());

  const page = await chromium.newPage();
  await page.goto(`http://${name}/`);
  target = voicemint.port;
  const statuses = await page.evaluate(async () => {
    const call = async (path, method, body) => (await fetch(path, { method, body })).status;
    return [
      await call('/sign-in', 'POST', new URLSearchParams({ user: 'ada' })),
      await call('/cartesia/token', 'POST'),
      await call('/cartesia/token', 'GET'),
      await call('/deployment.json', 'GET'),
    ];
  });
  assert.deepEqual(statuses, [421, 421, 421, 421]);
  assert.deepEqual(await page.context().cookies(), []);
  // Chromium retries on another connection (RFC 9110 section 15.5.20).
  const calls = new Set(voicemint.calls().map((line) => line.split(':')[0]));
  assert.deepEqual([...calls], ['POST /cartesia/token 421 host_not_accepted', 'GET /cartesia/token 421 host_not_accepted']);
});
