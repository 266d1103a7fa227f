// A page that stays open for longer than its token lasts.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { startChromium } = require('./chromium');
const { visit } = require('./page');
const { startVoicemint } = require('./voicemint');

test('a token source gives another token in time, and the socket that the first one opened goes on', async (t) => {
  const voicemint = await startVoicemint();
  t.after(voicemint.stop);
  const chromium = await startChromium();
  t.after(() => chromium.close());
  const visitor = await visit(t, chromium, voicemint);
  await visitor.signIn('ada');
  const seen = await visitor.page.evaluate(async () => {
    const { createTokenSource } = await import('/voicemint.js');
    const source = createTokenSource('/cartesia/token', { ask: { grants: { tts: true }, expires_in: 2 } });

    async function open() {
      const { token, base_url } = await source.getToken();
      const query = new URLSearchParams({ cartesia_version: '2026-03-01', access_token: token });
      const socket = new WebSocket(`${base_url.replace('http', 'ws')}/tts/websocket?${query}`);
      await new Promise((resolve, reject) => {
        socket.onopen = resolve;
        socket.onerror = () => reject(new Error('a socket was refused'));
      });
      return { token, socket };
    }

    function speak(socket) {
      socket.send(JSON.stringify({
        model_id: 'sonic-3.5',
        voice: { mode: 'id', id: 'any' },
        transcript: 'Hi',
        output_format: { container: 'raw', encoding: 'pcm_s16le', sample_rate: 24000 },
        context_id: crypto.randomUUID(),
      }));
      return new Promise((resolve, reject) => {
        socket.onclose = () => reject(new Error('a socket was closed'));
        socket.onmessage = ({ data }) => {
          if (JSON.parse(data).type === 'done') resolve('done');
        };
      });
    }

    const begun = performance.now();
    const first = await open();
    const spoken = [await speak(first.socket)];
    let token = first.token;
    while (token === first.token && performance.now() < begun + 3000) {
      await new Promise((resolve) => { setTimeout(resolve, 50); });
      ({ token } = await source.getToken());
    }
    const after = performance.now() - begun;
    // Until the first token has expired at the provider too.
    await new Promise((resolve) => { setTimeout(resolve, 2200 - after); });
    const second = await open();
    spoken.push(await speak(first.socket), await speak(second.socket));
    return { after, spoken, open: first.socket.readyState === WebSocket.OPEN };
  });
  assert.ok(seen.after < 2000, `the next token came after ${seen.after} ms, when the first one had expired`);
  assert.deepEqual(seen.spoken, ['done', 'done', 'done']);
  assert.ok(seen.open);
});
