// Opens each socket of `connect` as a page does: by its URL and its subprotocols, with the provider's
// own parameters in addition.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { mint } = require('./voicemint');

const WebSocket = globalThis.WebSocket ?? require('ws').WebSocket;

/** A token that opens several sockets. */
const DEEPGRAM = ['deepgram', {}];

/** Provider, token request, entry, and the parameters that the page adds. */
const SOCKETS = [
  ['cartesia', { grants: { tts: true } }, 'tts', {}],
  ['cartesia', { grants: { stt: true } }, 'stt', { model: 'ink-2', encoding: 'pcm_s16le', sample_rate: 16000 }],
  ['elevenlabs', { token_type: 'realtime_scribe' }, 'realtime_scribe', { model_id: 'scribe_v2_realtime' }],
  ['elevenlabs', { token_type: 'tts_websocket' }, 'tts_websocket', { output_format: 'pcm_24000' }],
  ['assemblyai', {}, 'streaming', { sample_rate: 16000 }],
  [...DEEPGRAM, 'listen', { model: 'nova-3', encoding: 'linear16', sample_rate: 16000 }],
  [...DEEPGRAM, 'speak', { model: 'aura-2-thalia-en' }],
  [...DEEPGRAM, 'agent', {}],
  ['assemblyai', { product: 'agent' }, 'agent', {}],
  ['soniox', { usage_type: 'transcribe_websocket' }, 'transcribe_websocket', {}],
  ['soniox', { usage_type: 'tts_rt' }, 'tts_rt', {}],
  ['elevenlabs-agents', {}, 'conversation', {}],
  ['gemini', {}, 'live', {}],
  ['openai', {}, 'realtime', {}],
  ['openai', { profile: 'dictation' }, 'transcription', {}],
  ['openai', { profile: 'french' }, 'translation', {}],
];

/** Opens a socket. Whether it opened; an open socket that sends an error first is not authenticated. */
function opens(url, protocols) {
  const socket = new WebSocket(url, protocols);
  return new Promise((resolve) => {
    const finish = (isOpen) => {
      socket.close();
      resolve(isOpen);
    };
    socket.addEventListener('error', () => finish(false));
    socket.addEventListener('close', () => finish(false));
    socket.addEventListener('message', ({ data }) => finish(!/\berror(_code)?"/i.test(data)));
    socket.addEventListener('open', () => setTimeout(() => finish(true), 300));
  });
}

for (const [provider, request, name, parameters] of SOCKETS) {
  test(`${provider} has ${name}, which the page opens as it is`, async () => {
    const { connect, token } = await mint(provider, request);
    const entries = SOCKETS.filter(([, of]) => of === request).map(([, , entry]) => entry);
    assert.deepEqual(Object.keys(connect), entries);
    const { url, protocols } = connect[name];
    const added = new URLSearchParams(parameters);
    const complete = `${url.replace('{voice_id}', 'any')}${url.includes('?') ? '&' : '?'}${added}`;
    // The token may be a URL, which ends with the secret.
    const forge = (text) => text.replace(token, token.replace(/.{6}$/, 'madeup'));
    assert.equal(await opens(forge(complete), protocols.map(forge)), false, 'another token');
    assert.equal(await opens(complete, protocols), true);
  });
}
