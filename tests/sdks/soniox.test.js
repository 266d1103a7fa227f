// @soniox/client, the SDK for pages, and @soniox/node with tokens from Voicemint. Both put the token
// into the first message, which Soniox accepts until 15 January 2027.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');

const { SonioxClient } = require('@soniox/client');
const { SonioxNodeClient } = require('@soniox/node');
const { RATE, assertSpeech, chunks } = require('./audio');
const { events, expired, mint, plain, tls } = require('./voicemint');

// The SDKs use the global one, as in a browser.
globalThis.WebSocket ??= require('ws').WebSocket;

const FORMAT = { audio_format: 'pcm_s16le', sample_rate: RATE, num_channels: 1 };
const SENTENCE = 'Hello there.';

const TRANSCRIPTION = { usage_type: 'transcribe_websocket' };
const SPEECH = { usage_type: 'tts_rt' };
const transcription = () => mint('soniox', TRANSCRIPTION);
const speech = () => mint('soniox', SPEECH);

/** The addresses of the sockets, as an SDK takes them. */
const sockets = (baseUrl) => {
  const host = baseUrl.replace('http', 'ws');
  return { stt_ws_url: `${host}/transcribe-websocket`, tts_ws_url: `${host}/tts-websocket` };
};

/** Audio instead of a microphone, as the SDK takes it. */
const source = () => ({
  start({ onData }) {
    for (const chunk of chunks()) onData(new Uint8Array(chunk).buffer);
  },
  stop() {},
});

const client = ({ token, base_url }, baseUrl = base_url) => new SonioxClient({
  config: async () => ({ api_key: token, ...sockets(baseUrl) }),
});

/** Records audio and transcribes it. Returns the events. */
async function record(minted, baseUrl) {
  const recording = client(minted, baseUrl).realtime.record({ model: 'stt-rt-v5', ...FORMAT, source: source() });
  const finished = events(recording, 'result', 'finished');
  const failed = events(recording, 'error');
  // The SDK sends the audio so far right after this event. A refusal arrives before the end.
  recording.on('connected', () => setTimeout(() => recording.stop(), 500));
  return Promise.race([finished, failed]);
}

const transcript = (received) => received
  .filter(([name]) => name === 'result')
  .flatMap(([, { tokens }]) => tokens)
  .filter(({ is_final }) => is_final)
  .map(({ text }) => text)
  .join('');

/** Speaks a text. Returns the samples. */
async function speak(stream) {
  stream.sendText('Hello ');
  stream.sendText('there.', { end: true });
  const received = [];
  for await (const chunk of stream) received.push(Buffer.from(chunk));
  stream.close();
  return Buffer.concat(received);
}

const VOICE = { model: 'tts-rt-v2', voice: 'Adrian', language: 'en', audio_format: 'pcm_s16le', sample_rate: RATE };

/**
 * Tokens that `use` refuses: each with the error's class, its status and its message. `request` is
 * for the right usage type, and `other` for the wrong one.
 */
const refusals = (request, other, use) => ({
  'a token that was used before': async () => {
    const minted = await mint('soniox', request);
    await use(minted);
    return [minted, 'AuthError', 401, /used before/];
  },
  'an expired token': async () => [await expired('soniox', request), 'AuthError', 401, /has expired/],
  'a token of another usage type': async () => [await mint('soniox', other), 'RealtimeError', 403, /not for/],
  'a made-up token': async () => [{ ...(await mint('soniox', request)), token: 'snx_temp_made_up' }, 'AuthError', 401, /not known/],
});

describe('@soniox/client: transcription', () => {
  for (const [how, url] of Object.entries({ 'over TLS': tls, 'without TLS': plain })) {
    test(`transcribes ${how}`, async () => {
      const received = await record(await transcription(), url);
      assert.equal(received.at(-1)[0], 'finished');
      assert.equal(transcript(received), 'Hello from the');
    });
  }

  for (const [which, minted] of Object.entries(refusals(TRANSCRIPTION, SPEECH, record))) {
    test(`rejects ${which}`, async () => {
      const [token, kind, status, message] = await minted();
      const [[name, error]] = await record(token);
      assert.deepEqual([name, error.constructor.name, error.statusCode], ['error', kind, status]);
      assert.match(error.message, message);
    });
  }

  test('keeps the session until the limit of the token', async () => {
    const minted = await mint('soniox', { ...TRANSCRIPTION, max_session_duration_seconds: 1 });
    const options = { config: { api_key: minted.token, ...sockets(minted.base_url) } };
    const session = new SonioxClient(options).realtime.stt({ model: 'stt-rt-v5', ...FORMAT }, { api_key: minted.token });
    const failed = events(session, 'error');
    await session.connect();
    session.sendAudio(chunks()[0]);
    const [[, error]] = await failed;
    assert.equal(error.statusCode, 403);
    assert.match(error.message, /session .* has expired/);
  });
});

describe('@soniox/client: speech', () => {
  const stream = (minted, url) => client(minted, url).realtime.tts(VOICE);

  for (const [how, url] of Object.entries({ 'over TLS': tls, 'without TLS': plain })) {
    test(`speaks ${how}`, async () => {
      assertSpeech(await speak(await stream(await speech(), url)), SENTENCE);
    });
  }

  test('speaks several streams on one connection', async () => {
    const connection = await client(await speech()).realtime.tts.multiStream();
    const both = await Promise.all([1, 2].map(async () => speak(await connection.stream(VOICE))));
    both.forEach((samples) => assertSpeech(samples, SENTENCE));
    connection.close();
  });

  const use = async (minted) => speak(await stream(minted));
  for (const [which, minted] of Object.entries(refusals(SPEECH, TRANSCRIPTION, use))) {
    test(`rejects ${which}`, async () => {
      const [token, kind, status, message] = await minted();
      await assert.rejects(use(token), (error) => {
        assert.deepEqual([error.constructor.name, error.statusCode], [kind, status], error);
        assert.match(error.message, message);
        return true;
      });
    });
  }
});

describe('@soniox/node', () => {
  const node = ({ token, base_url }) => {
    const { stt_ws_url: ws_base_url, tts_ws_url } = sockets(base_url);
    return new SonioxNodeClient({ api_key: token, realtime: { ws_base_url, tts_ws_url } });
  };

  async function listen(minted) {
    const session = node(minted).realtime.stt({ model: 'stt-rt-v5', ...FORMAT });
    const received = [];
    session.on('result', (result) => received.push(['result', result]));
    const failed = events(session, 'error').then(([[, error]]) => { throw error; });
    await session.connect();
    for (const chunk of chunks()) session.sendAudio(chunk);
    await Promise.race([session.finish(), failed]);
    return transcript(received);
  }

  test('transcribes', async () => {
    assert.equal(await listen(await transcription()), 'Hello from the');
  });

  test('speaks', async () => {
    assertSpeech(await speak(await node(await speech()).realtime.tts(VOICE)), SENTENCE);
  });

  for (const [which, minted] of Object.entries(refusals(TRANSCRIPTION, SPEECH, listen))) {
    test(`rejects ${which}`, async () => {
      const [token, kind, status, message] = await minted();
      await assert.rejects(listen(token), (error) => {
        assert.deepEqual([error.constructor.name, error.statusCode], [kind, status], error);
        assert.match(error.message, message);
        return true;
      });
    });
  }
});
