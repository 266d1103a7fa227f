// @cartesia/cartesia-js with tokens from Voicemint.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');

const sdk = require('@cartesia/cartesia-js');
const { TTSWS } = require('@cartesia/cartesia-js/resources/tts/ws');
const { RATE, assertSpeech, chunks, samplesOf } = require('./audio');
const { events, expired, mint, tls } = require('./voicemint');

const TEXT = 'Hello there.';
const RAW = { container: 'raw', encoding: 'pcm_s16le', sample_rate: RATE };
const SPEAKER = { model_id: 'sonic-3', voice: { id: 'any' } };
const SPEECH = { ...SPEAKER, transcript: TEXT, output_format: RAW };

const tts = () => mint('cartesia', { grants: { tts: true } });
const stt = () => mint('cartesia', { grants: { stt: true } });
const madeUp = async () => ({ ...(await tts()), token: 'made-up' });

/** The SDK's TTS socket always uses TLS: pass `tls`. */
function client({ token, base_url }, baseURL = base_url) {
  return new sdk.Cartesia({ token, baseURL, maxRetries: 0 });
}

async function speakOver(socket) {
  const context = socket.context({ ...SPEAKER, output_format: RAW, timeout: 5_000 });
  await context.push({ transcript: 'Hello ' });
  await context.push({ transcript: 'there.' });
  await context.no_more_inputs();
  const received = await Array.fromAsync(context.receive());
  const closed = new Promise((resolve) => socket.socket.addEventListener('close', resolve));
  socket.close();
  assert.deepEqual([received.at(-1).type, (await closed).code], ['done', 1000]);
  return Buffer.concat(received.filter(({ type }) => type === 'chunk').map(({ audio }) => audio));
}

describe('@cartesia/cartesia-js: text to speech', () => {
  test('over a socket, twice with the same token', async () => {
    const minted = await tts();
    for (let use = 0; use < 2; use++) {
      assertSpeech(await speakOver(await client(minted, tls).tts.websocket()), TEXT);
    }
  });

  test('over a socket from the ES module, which sends the token in the query, as in a page', async () => {
    const { default: Cartesia } = await import('@cartesia/cartesia-js');
    const { token } = await tts();
    assertSpeech(await speakOver(await new Cartesia({ token, baseURL: tls }).tts.websocket()), TEXT);
  });

  test('as a WAV file', async () => {
    const response = await client(await tts()).tts.generate({ ...SPEECH, output_format: { ...RAW, container: 'wav' } });
    assert.equal(response.headers.get('content-type'), 'audio/wav');
    assertSpeech(samplesOf(Buffer.from(await response.arrayBuffer())), TEXT);
  });

  test('as events', async () => {
    const received = await Array.fromAsync(await client(await tts()).tts.generateSSE(SPEECH));
    assert.equal(received.at(-1).type, 'done');
    const audio = received.filter(({ type }) => type === 'chunk').map(({ data }) => Buffer.from(data, 'base64'));
    assertSpeech(Buffer.concat(audio), TEXT);
  });
});

describe('@cartesia/cartesia-js: speech to text', () => {
  const settings = { model: 'ink-2', encoding: 'pcm_s16le', sample_rate: RATE };

  test('over a socket', async () => {
    const socket = client(await stt()).stt.manualFinalize.websocket(settings);
    const received = events(socket, 'event', 'error', 'close');
    chunks().forEach((chunk) => socket.sendRaw(chunk));
    socket.send('finalize');
    socket.send('close');
    const results = (await received).filter(([name]) => name === 'event').map(([, event]) => event);
    const text = results.filter((event) => event.type === 'transcript' && event.is_final).map((event) => event.text);
    assert.match(text.join(''), /\w/);
    assert.equal(results.at(-1).type, 'done');
    const [[last, code]] = (await received).slice(-1);
    assert.deepEqual([last, code], ['close', 1000]);
  });

  test('over a socket with turns', async () => {
    const socket = client(await stt()).stt.autoFinalize.websocket(settings);
    const received = events(socket, 'event', 'error', 'close');
    chunks().forEach((chunk) => socket.sendRaw(chunk));
    socket.send({ type: 'close' });
    const results = (await received).filter(([name]) => name === 'event').map(([, event]) => event);
    assert.equal(results[0].type, 'connected');
    assert.match(results.findLast((event) => event.type === 'turn.end').transcript, /\w/);
  });

  test('over a socket is rejected without the grant', async () => {
    const socket = client(await tts()).stt.manualFinalize.websocket(settings);
    const [[name, error], [last, code]] = await events(socket, 'event', 'error', 'close');
    assert.deepEqual([name, last, code], ['error', 'close', 1006]);
    assertRejectedUpgrade(error, 403);
  });
});

function assertRejectedUpgrade(error, status) {
  assert.ok(error instanceof sdk.CartesiaError, error);
  const seen = [error.constructor.name, error.message];
  assert.deepEqual(seen, ['WebSocketError', `Unexpected server response: ${status}`]);
}

const refusals = {
  'an expired token': {
    minted: () => expired('cartesia', { grants: { tts: true } }),
    status: 401,
    error: sdk.AuthenticationError,
    message: '401 The access token has expired.',
  },
  'a token without the grant': {
    minted: stt,
    status: 403,
    error: sdk.PermissionDeniedError,
    message: '403 The access token does not grant access to this endpoint.',
  },
  'a made-up token': {
    minted: madeUp,
    status: 401,
    error: sdk.AuthenticationError,
    message: '401 The API key or access token is missing or wrong.',
  },
};

for (const [which, { minted, status, error, message }] of Object.entries(refusals)) {
  test(`@cartesia/cartesia-js: ${which} is rejected by every TTS API`, async () => {
    const token = await minted();
    const seen = (thrown) => {
      assert.ok(thrown instanceof error, thrown);
      assert.deepEqual([thrown.status, thrown.message], [status, message]);
      return true;
    };
    await assert.rejects(client(token).tts.generate(SPEECH), seen);
    await assert.rejects(client(token).tts.generateSSE(SPEECH), seen);
    // `client.tts.websocket()` creates the same socket, but returns it only when it is open. That
    // is too late to handle the error, which is then an unhandled rejection that ends the process.
    const socket = new TTSWS(client(token, tls));
    const received = events(socket, 'error');
    await assert.rejects(socket.connect(), { message: `Unexpected server response: ${status}` });
    assertRejectedUpgrade((await received)[0][1], status);
  });
}
