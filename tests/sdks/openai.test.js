// openai and @openai/agents-realtime with tokens from Voicemint. openai always connects with TLS.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { describe, test } = require('node:test');
const { promisify } = require('node:util');

const OpenAI = require('openai');
const { OpenAIRealtimeWebSocket } = require('openai/realtime/websocket');
const { OpenAIRealtimeWS } = require('openai/realtime/ws');
const { OpenAIRealtimeTranslationWS } = require('openai/realtime/translations/ws');
const { RealtimeAgent, RealtimeSession } = require('@openai/agents-realtime');
const { chunks } = require('./audio');
const { expired, mint, plain } = require('./voicemint');

/** Speech, and the silence that ends a turn: 16-bit samples at 24 kHz. */
const SPEECH = [...chunks(), Buffer.alloc(48 * 600)].map((chunk) => chunk.toString('base64'));

const conversation = () => mint('openai');
const dictation = () => mint('openai', { profile: 'dictation' });
const translation = () => mint('openai', { profile: 'french' });

const client = ({ token, base_url }) => new OpenAI({ apiKey: token, baseURL: `${base_url}/v1`, maxRetries: 0 });

/** The page's socket, and that of Node.js. */
const SOCKETS = {
  'openai/realtime/websocket': (minted, props) => new OpenAIRealtimeWebSocket(props, client(minted)),
  'openai/realtime/ws': (minted, props) => new OpenAIRealtimeWS(props, client(minted)),
};

/** All events until one of the type `last`. Speaks when the session begins. */
function events(socket, last, { append = 'input_audio_buffer.append', then } = {}) {
  const received = [];
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('event', (event) => {
      received.push(event);
      if (event.type === 'session.created') {
        for (const audio of SPEECH) socket.send({ type: append, audio });
        if (then) socket.send(then);
      }
      if (event.type !== last) return;
      socket.close();
      resolve(received);
    });
  });
}

const deltas = (received, type) => received.filter((event) => event.type === type).map(({ delta }) => delta);
const loudest = (audio) => {
  const bytes = Buffer.concat(audio.map((delta) => Buffer.from(delta, 'base64')));
  return Math.max(...new Int16Array(new Uint8Array(bytes).buffer));
};

for (const [name, open] of Object.entries(SOCKETS)) {
  describe(name, () => {
    test('talks, with the profile as it is', async () => {
      const received = await events(open(await conversation(), { model: 'gpt-realtime' }), 'response.done');
      const { session } = received[0];
      assert.match(session.instructions, /online shop/);
      assert.equal(session.model, 'gpt-realtime');
      const completed = received.find(({ type }) => type === 'conversation.item.input_audio_transcription.completed');
      assert.match(completed.transcript, /^Hello from/);
      assert.match(deltas(received, 'response.output_audio_transcript.delta').join(''), /^The stand-in heard \w+ words\.$/);
      assert.ok(loudest(deltas(received, 'response.output_audio.delta')) > 4_000);
      assert.equal(received.at(-1).response.status, 'completed');
    });

    test('transcribes', async () => {
      const socket = open(await dictation(), { intent: 'transcription' });
      const received = await events(socket, 'conversation.item.input_audio_transcription.completed');
      assert.equal(received[0].session.type, 'transcription');
      assert.match(received.at(-1).transcript, /^Hello from/);
    });

    const refusals = {
      'an expired token': () => expired('openai', { expires_in: 10 }),
      'a token that was used before': async () => {
        const minted = await conversation();
        const socket = open(minted, { model: 'gpt-realtime' });
        await events(socket, 'session.created');
        return minted;
      },
      'a token of another product': dictation,
      'a made-up token': async () => ({ ...(await conversation()), token: 'ek_made_up' }),
    };
    for (const [which, minted] of Object.entries(refusals)) {
      test(`rejects ${which}`, async () => {
        const socket = open(await minted(), { model: 'gpt-realtime' });
        // A browser's socket does not say why.
        const reason = name.endsWith('/ws') ? /401/ : /./;
        await assert.rejects(events(socket, 'session.created'), reason);
      });
    }
  });
}

describe('openai/realtime/translations/ws', () => {
  const open = (minted) => OpenAIRealtimeTranslationWS.create(client(minted), { model: 'gpt-realtime-translate' });
  const options = { append: 'session.input_audio_buffer.append', then: { type: 'session.close' } };

  test('translates', async () => {
    const received = await events(await open(await translation()), 'session.closed', options);
    assert.equal(received[0].session.audio.output.language, 'fr');
    assert.match(deltas(received, 'session.input_transcript.delta').join(''), /^Hello from/);
    assert.match(deltas(received, 'session.output_transcript.delta').join(''), /^The stand-in heard/);
    assert.ok(loudest(deltas(received, 'session.output_audio.delta')) > 4_000);
  });

  for (const [which, minted] of Object.entries({ transcription: dictation, conversation })) {
    test(`rejects a token for a ${which}`, async () => {
      await assert.rejects(events(await open(await minted()), 'session.created', options), ({ cause }) => /401/.test(cause.message));
    });
  }
});

describe('openai: REST', () => {
  test('a token cannot mint another one', async () => {
    const minted = await conversation();
    await assert.rejects(client(minted).realtime.clientSecrets.create({}), { status: 401 });
  });
});

describe('@openai/agents-realtime', () => {
  async function ask({ token, connect }, agent = {}, url = connect.realtime.url) {
    const session = new RealtimeSession(new RealtimeAgent({ name: 'Assistant', ...agent }), { transport: 'websocket' });
    const sessions = [];
    session.on('transport_event', (event) => { if (event.session) sessions.push(event.session); });
    const audio = [];
    session.on('audio', ({ data }) => audio.push(Buffer.from(data).toString('base64')));
    try {
      await session.connect({ apiKey: token, url });
      const done = new Promise((resolve) => { session.on('agent_end', (_context, _agent, text) => resolve(text)); });
      session.sendMessage('How are you?');
      return { audio, sessions, text: await done };
    } finally {
      session.close();
    }
  }

  test('talks by the URL of connect, over TLS', async () => {
    const { audio, text } = await ask(await conversation());
    assert.ok(loudest(audio) > 4_000);
    assert.equal(text, 'The stand-in heard 3 words.');
  });

  test('replaces the profile’s instructions with the agent’s: nothing is locked', async () => {
    const minted = await conversation();
    const url = minted.connect.realtime.url.replace(/^wss:\/\/[^/]+/, plain.replace('http', 'ws'));
    const { sessions } = await ask(minted, { instructions: 'Be rude.' }, url);
    assert.match(sessions[0].instructions, /online shop/, 'the page can read the profile');
    assert.equal(sessions.at(-1).instructions, 'Be rude.');
    assert.equal(sessions[0].audio.input.turn_detection.type, 'server_vad');
    assert.equal(sessions.at(-1).audio.input.turn_detection.type, 'semantic_vad', 'the SDK’s default');
    assert.equal(sessions.at(-1).audio.output.voice, 'marin', 'the SDK sends none');
  });

  test('talks with its subprotocols of a browser', async () => {
    const script = path.join(__dirname, 'openai_agents_browser.mjs');
    const { token, connect } = await conversation();
    const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=browser', script, token, connect.realtime.url]);
    const { offered, selected, instructions } = JSON.parse(stdout);
    assert.deepEqual(offered, ['realtime', `openai-insecure-api-key.${token}`, 'openai-agents-sdk.0.20.0']);
    assert.equal(selected, 'realtime');
    assert.equal(instructions, 'Be brief.');
  });

  for (const [which, minted] of Object.entries({
    'a made-up token': async () => ({ ...(await conversation()), token: 'ek_made_up' }),
    'a token that was used before': async () => {
      const used = await conversation();
      await ask(used);
      return used;
    },
    'a token of another product': async () => ({ ...(await dictation()), connect: (await conversation()).connect }),
  })) {
    test(`rejects ${which}`, async () => {
      // It rejects with the event of the socket.
      await assert.rejects(ask(await minted()), ({ message }) => /401/.test(message));
    });
  }
});
