// ElevenLabs' socket for speech. None of its SDKs can show a token there, so this is a bare socket, as in a page.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');

const { WebSocket } = require('ws');
const { assertSpoken } = require('./sound');
const { mint } = require('./voicemint');

const speech = () => mint('elevenlabs', { token_type: 'tts_websocket' });

/** What it says, and how it closes. */
function speak({ token, base_url }) {
  const url = new URL(`${base_url.replace('http', 'ws')}/v1/text-to-speech/any/stream-input`);
  const format = { model_id: 'eleven_flash_v2_5', output_format: 'pcm_16000' };
  url.search = new URLSearchParams({ ...format, single_use_token: token });
  const socket = new WebSocket(url);
  const told = [];
  socket.on('open', () => [' ', 'Hello ', 'there. ', ''].forEach((text) => socket.send(JSON.stringify({ text }))));
  socket.on('message', (frame) => told.push(JSON.parse(frame)));
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', (code, reason) => resolve({ told, code, reason: reason.toString() }));
  });
}

describe('ElevenLabs, bare socket: speech', () => {
  test('speaks', async () => {
    const { told, code } = await speak(await speech());
    assertSpoken(Buffer.concat(told.map(({ audio }) => Buffer.from(audio ?? '', 'base64'))), 'Hello there. ');
    assert.equal(told.at(-1).isFinal, true);
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
    test(`refuses ${which}`, async () => {
      const [shown, why] = await minted();
      const { told, code, reason } = await speak(shown);
      assert.deepEqual([told.some(({ audio }) => audio), code], [false, 1008]);
      assert.match(reason, why);
    });
  }
});
