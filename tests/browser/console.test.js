// The browser's console message about a failed socket contains the token, as SECURITY.md says.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { startChromium } = require('./chromium');
const { until } = require('./until');
const { startVoicemint } = require('./voicemint');

test('Chromium logs the URL of a rejected socket, including the token', async (t) => {
  const voicemint = await startVoicemint();
  t.after(voicemint.stop);
  const chromium = await startChromium();
  t.after(() => chromium.close());
  const page = await chromium.newPage();
  const messages = [];
  page.on('console', (message) => messages.push(message.text()));
  await page.goto(voicemint.url);
  const { base_url } = await page.evaluate(async () => {
    await fetch('/sign-in', { method: 'POST', body: new URLSearchParams({ user: 'ada' }) });
    return (await fetch('/cartesia/token', { method: 'POST' })).json();
  });
  const code = await page.evaluate((url) => new Promise((resolve) => {
    new WebSocket(url).onclose = (event) => resolve(event.code);
  }), `${base_url.replace('http', 'ws')}/tts/websocket?cartesia_version=2026-03-01&access_token=made-up-token`);
  assert.equal(code, 1006);
  await until('the console has the message', () => messages.some((line) => line.includes('access_token=made-up-token')));
});
