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
  // A token that has expired is refused as a socket opens.
  const visitor = await visit(t, chromium, voicemint, { expected: [/WebSocket connection to .* failed/] });
  await visitor.signIn('ada');
  const seen = await visitor.page.evaluate(async () => {
    const { createTokenSource } = await import('/voicemint.js');
    const source = createTokenSource('/cartesia/token', { ask: { grants: { tts: true }, expires_in: 2 } });

    async function open({ token, base_url }) {
      const query = new URLSearchParams({ cartesia_version: '2026-03-01', access_token: token });
      const socket = new WebSocket(`${base_url.replace('http', 'ws')}/tts/websocket?${query}`);
      return new Promise((resolve) => {
        socket.onopen = () => resolve(socket);
        socket.onerror = () => resolve(undefined);
      });
    }

    /** Where the machine is busy, a token of 2 s may have expired by the time that it is used. */
    async function openWithNext() {
      for (;;) {
        const asked = performance.now();
        const token = await source.getToken();
        const socket = await open(token);
        if (socket) return { token, socket, asked };
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
    // The last time that the first token was given, and how old it was then.
    let given = 0;
    for (;;) {
      const age = performance.now() - first.asked;
      if ((await source.getToken()).token !== first.token.token) break;
      given = age;
      await pause();
    }
    // Until the first token has expired at the provider too.
    for (let late = await open(first.token); late; late = await open(first.token)) {
      late.close();
      await pause();
    }
    const second = await openWithNext();
    spoken.push(await speak(first.socket), await speak(second.socket));
    return { given, spoken, open: first.socket.readyState === WebSocket.OPEN };
  });
  assert.ok(seen.given < 2000, `the first token was given ${seen.given} ms after it was asked for, when it had expired`);
  assert.deepEqual(seen.spoken, ['done', 'done', 'done']);
  assert.ok(seen.open);
});
