// ElevenLabs' TTS socket. None of the vendor's SDKs can send a token to it, so this uses a plain
// WebSocket, as in a page.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');

const { WebSocket } = require('ws');
const { assertSpeech } = require('./audio');
const { mint } = require('./voicemint');

const speech = () => mint('elevenlabs', { token_type: 'tts_websocket' });

/** Speaks a text. Returns the messages, the close code and the reason. */
function speak({ token, base_url }) {
  const url = new URL(`${base_url.replace('http', 'ws')}/v1/text-to-speech/any/stream-input`);
  const format = { model_id: 'eleven_flash_v2_5', output_format: 'pcm_16000' };
  url.search = new URLSearchParams({ ...format, single_use_token: token });
  const socket = new WebSocket(url);
  const messages = [];
  socket.on('open', () => [' ', 'Hello ', 'there. ', ''].forEach((text) => socket.send(JSON.stringify({ text }))));
  socket.on('message', (frame) => messages.push(JSON.parse(frame)));
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', (code, reason) => resolve({ messages, code, reason: reason.toString() }));
  });
}

describe('ElevenLabs, plain WebSocket: text to speech', () => {
  test('speaks', async () => {
    const { messages, code } = await speak(await speech());
    assertSpeech(Buffer.concat(messages.map(({ audio }) => Buffer.from(audio ?? '', 'base64'))), 'Hello there. ');
    assert.equal(messages.at(-1).isFinal, true);
    assert.equal(code, 1000);
  });

  const refusals = {
    'a token that was used before': async () => {
      const minted = await speech();
      await speak(minted);
      return [minted, /used/];
    },
    'a token of another type': async () => [await mint('elevenlabs', { token_type: 'realtime_scribe' }), /type/],
    'a made-up token': async () => [{ ...(await speech()), token: 'made-up' }, /not known/],
  };
  for (const [which, minted] of Object.entries(refusals)) {
    test(`rejects ${which}`, async () => {
      const [token, expected] = await minted();
      const { messages, code, reason } = await speak(token);
      assert.deepEqual([messages.some(({ audio }) => audio), code], [false, 1008]);
      assert.match(reason, expected);
    });
  }
});
