// Login CSRF: a foreign page submits /sign-in to sign its visitor in as a user of its choice.

const assert = require('node:assert/strict');
const { createServer } = require('node:http');
const { test } = require('node:test');

const { startChromium } = require('./chromium');
const { listen, startVoicemint } = require('./voicemint');

test('a page that is not listed cannot sign the browser in or out', async (t) => {
  const voicemint = await startVoicemint();
  t.after(voicemint.stop);
  const foreign = await listen(createServer((request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html', Connection: 'close' });
    response.end('<!doctype html><link rel="icon" href="data:,">');
  }));
  t.after(() => foreign.close());
  const chromium = await startChromium({});
  t.after(() => chromium.close());

  const context = await chromium.newContext();
  const page = await context.newPage();
  // Fetch Metadata says same-site, so its cookies are sent too.
  await page.goto(`http://localhost:${foreign.address().port}/`);
  const send = (path, user) => page.evaluate(async ([to, name]) => {
    const response = await fetch(to, { method: 'POST', mode: 'no-cors', credentials: 'include', body: new URLSearchParams({ user: name }) });
    return response.type;
  }, [`${voicemint.url}${path}`, user]);
  const sessions = async () => (await context.cookies()).filter(({ name }) => name === 'dev_session').map(({ value }) => value);

  assert.equal(await send('/sign-in', 'mallory'), 'opaque');
  assert.deepEqual(await sessions(), []);
  const own = await context.newPage();
  await own.goto(voicemint.url);
  await own.evaluate(() => fetch('/sign-in', { method: 'POST', body: new URLSearchParams({ user: 'ada' }) }));
  const before = await sessions();
  assert.equal(before.length, 1);
  await send('/sign-in', 'mallory');
  await send('/sign-out', 'ada');
  assert.deepEqual(await sessions(), before);
});
