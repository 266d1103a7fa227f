// A page that is open longer than the lifetime of its token.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { startChromium } = require('./chromium');
const { visit } = require('./page');
const { startVoicemint } = require('./voicemint');

test('a token source returns a new token in time, and the socket of the first token stays open', async (t) => {
  const voicemint = await startVoicemint();
  t.after(voicemint.stop);
  const chromium = await startChromium();
  t.after(() => chromium.close());
  // Sockets with an expired token are rejected.
  const visitor = await visit(t, chromium, voicemint, { expected: [/WebSocket connection to .* failed/] });
  await visitor.signIn('ada');
  const seen = await visitor.page.evaluate(async () => {
    const { createTokenSource } = await import('/web/voicemint.js');
    const source = createTokenSource('/cartesia/token', { ask: { grants: { tts: true }, expires_in: 2 } });

    async function open({ token, base_url }) {
      const query = new URLSearchParams({ cartesia_version: '2026-03-01', access_token: token });
      const socket = new WebSocket(`${base_url.replace('http', 'ws')}/tts/websocket?${query}`);
      return new Promise((resolve) => {
        socket.onopen = () => resolve(socket);
        socket.onerror = () => resolve(undefined);
      });
    }

    /** On a busy machine, a token of 2 s may expire before it is used. */
    async function openWithNext() {
      for (;;) {
        const requested = performance.now();
        const token = await source.getToken();
        const socket = await open(token);
        if (socket) return { token, socket, requested };
        source.clear();
      }
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

    const pause = () => new Promise((resolve) => { setTimeout(resolve, 50); });
    const first = await openWithNext();
    const spoken = [await speak(first.socket)];
    // The age of the first token when it was last returned.
    let lastAge = 0;
    for (;;) {
      const age = performance.now() - first.requested;
      if ((await source.getToken()).token !== first.token.token) break;
      lastAge = age;
      await pause();
    }
    // Wait until the first token has expired at the provider too.
    for (let late = await open(first.token); late; late = await open(first.token)) {
      late.close();
      await pause();
    }
    const second = await openWithNext();
    spoken.push(await speak(first.socket), await speak(second.socket));
    return { lastAge, spoken, open: first.socket.readyState === WebSocket.OPEN };
  });
  assert.ok(seen.lastAge < 2000, `the first token was returned ${seen.lastAge} ms after its request, when it had expired`);
  assert.deepEqual(seen.spoken, ['done', 'done', 'done']);
  assert.ok(seen.open);
});
