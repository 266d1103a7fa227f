// @cartesia/cartesia-js with tokens of Voicemint's.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');

const sdk = require('@cartesia/cartesia-js');
const { TTSWS } = require('@cartesia/cartesia-js/resources/tts/ws');
const { RATE, assertSpoken, pieces, samplesOf } = require('./sound');
const { events, expired, mint, tls } = require('./voicemint');

const TEXT = 'Hello there.';
const RAW = { container: 'raw', encoding: 'pcm_s16le', sample_rate: RATE };
const SPEAKER = { model_id: 'sonic-3', voice: { id: 'any' } };
const SPEECH = { ...SPEAKER, transcript: TEXT, output_format: RAW };

const tts = () => mint('cartesia', { grants: { tts: true } });
const stt = () => mint('cartesia', { grants: { stt: true } });
const madeUp = async () => ({ ...(await tts()), token: 'made-up' });

/** Its socket for speech takes TLS whatever it is told: give it `tls`. */
function client({ token, base_url }, baseURL = base_url) {
  return new sdk.Cartesia({ token, baseURL, maxRetries: 0 });
}

async function speakOver(socket) {
  const context = socket.context({ ...SPEAKER, output_format: RAW, timeout: 5_000 });
  await context.push({ transcript: 'Hello ' });
  await context.push({ transcript: 'there.' });
  await context.no_more_inputs();
  const told = await Array.fromAsync(context.receive());
  const closed = new Promise((resolve) => socket.socket.addEventListener('close', resolve));
  socket.close();
  assert.deepEqual([told.at(-1).type, (await closed).code], ['done', 1000]);
  return Buffer.concat(told.filter(({ type }) => type === 'chunk').map(({ audio }) => audio));
}

describe('@cartesia/cartesia-js: speech', () => {
  test('over a socket, twice with the same token', async () => {
    const minted = await tts();
    for (let use = 0; use < 2; use++) {
      assertSpoken(await speakOver(await client(minted, tls).tts.websocket()), TEXT);
    }
  });

  test('over a socket from the ES module, which shows the token in the query, as in a page', async () => {
    const { default: Cartesia } = await import('@cartesia/cartesia-js');
    const { token } = await tts();
    assertSpoken(await speakOver(await new Cartesia({ token, baseURL: tls }).tts.websocket()), TEXT);
  });

  test('as a WAV file', async () => {
    const answer = await client(await tts()).tts.generate({ ...SPEECH, output_format: { ...RAW, container: 'wav' } });
    assert.equal(answer.headers.get('content-type'), 'audio/wav');
    assertSpoken(samplesOf(Buffer.from(await answer.arrayBuffer())), TEXT);
  });

  test('as events', async () => {
    const told = await Array.fromAsync(await client(await tts()).tts.generateSSE(SPEECH));
    assert.equal(told.at(-1).type, 'done');
    const sound = told.filter(({ type }) => type === 'chunk').map(({ data }) => Buffer.from(data, 'base64'));
    assertSpoken(Buffer.concat(sound), TEXT);
  });
});

describe('@cartesia/cartesia-js: hearing', () => {
  const asked = { model: 'ink-2', encoding: 'pcm_s16le', sample_rate: RATE };

  test('over a socket', async () => {
    const socket = client(await stt()).stt.manualFinalize.websocket(asked);
    const told = events(socket, 'event', 'error', 'close');
    pieces().forEach((piece) => socket.sendRaw(piece));
    socket.send('finalize');
    socket.send('close');
    const heard = (await told).filter(([name]) => name === 'event').map(([, event]) => event);
    const text = heard.filter((event) => event.type === 'transcript' && event.is_final).map((event) => event.text);
    assert.match(text.join(''), /\w/);
    assert.equal(heard.at(-1).type, 'done');
    const [[last, code]] = (await told).slice(-1);
    assert.deepEqual([last, code], ['close', 1000]);
  });

  test('over a socket that tells turns', async () => {
    const socket = client(await stt()).stt.autoFinalize.websocket(asked);
    const told = events(socket, 'event', 'error', 'close');
    pieces().forEach((piece) => socket.sendRaw(piece));
    socket.send({ type: 'close' });
    const heard = (await told).filter(([name]) => name === 'event').map(([, event]) => event);
    assert.equal(heard[0].type, 'connected');
    assert.match(heard.findLast((event) => event.type === 'turn.end').transcript, /\w/);
  });

  test('over a socket is refused without the grant', async () => {
    const socket = client(await tts()).stt.manualFinalize.websocket(asked);
    const [[name, error], [last, code]] = await events(socket, 'event', 'error', 'close');
    assert.deepEqual([name, last, code], ['error', 'close', 1006]);
    assertRefusedUpgrade(error, 403);
  });
});

function assertRefusedUpgrade(error, status) {
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
    message: '403 The access token was not granted this endpoint.',
  },
  'a made-up token': {
    minted: madeUp,
    status: 401,
    error: sdk.AuthenticationError,
    message: '401 The API key or access token is missing or wrong.',
  },
};

for (const [which, { minted, status, error, message }] of Object.entries(refusals)) {
  test(`@cartesia/cartesia-js: ${which} is refused at each way to speech`, async () => {
    const shown = await minted();
    const seen = (thrown) => {
      assert.ok(thrown instanceof error, thrown);
      assert.deepEqual([thrown.status, thrown.message], [status, message]);
      return true;
    };
    await assert.rejects(client(shown).tts.generate(SPEECH), seen);
    await assert.rejects(client(shown).tts.generateSSE(SPEECH), seen);
    // `client.tts.websocket()` makes the same socket, but comes back only when it is open: too late to listen for the
    // error, which then is an unhandled rejection and ends the process.
    const socket = new TTSWS(client(shown, tls));
    const told = events(socket, 'error');
    await assert.rejects(socket.connect(), { message: `Unexpected server response: ${status}` });
    assertRefusedUpgrade((await told)[0][1], status);
  });
}
