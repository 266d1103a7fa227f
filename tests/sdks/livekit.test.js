// LiveKit: its client gets a token at the endpoint as it is, and its server SDK verifies the token.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');

const { TokenSource } = require('livekit-client');
const { TokenVerifier } = require('livekit-server-sdk');
const { app, mint, signIn } = require('./voicemint');

/** The key and the secret of the stand-in. */
const verifier = new TokenVerifier('APIstandinOpensNothing', 'livekit-stand-in-opens-nothing-real');

/** What LiveKit's server says of a token. */
const validate = async ({ base_url, token }) => (await fetch(`${base_url}/rtc/validate?access_token=${token}`)).status;

/** LiveKit's client with the endpoint, as a page uses it. A browser sends origin and cookie by itself. */
const source = async (path = '/livekit/token') => TokenSource.endpoint(app + path, {
  headers: { Cookie: await signIn(), Origin: app },
});

describe('livekit-client: TokenSource.endpoint', () => {
  test('gets a token for the default profile', async () => {
    const { serverUrl, participantToken } = await (await source()).fetch({});
    assert.match(serverUrl, /^wss:\/\/localhost:\d+$/);
    const { sub, video, roomConfig, name } = await verifier.verify(participantToken);
    assert.match(sub, /^[\w-]{16,}$/);
    assert.deepEqual(video, { room: `voice-${sub}`, roomJoin: true, canPublish: true, canSubscribe: true, canPublishData: true });
    assert.deepEqual(roomConfig, { agents: [{ agentName: 'assistant' }] });
    assert.equal(name, undefined);
  });

  test('names the participant', async () => {
    const { participantToken } = await (await source()).fetch({ participantName: 'Ada Lovelace' });
    assert.equal((await verifier.verify(participantToken)).name, 'Ada Lovelace');
  });

  test('names another profile in the query, and its room', async () => {
    const { participantToken } = await (await source('/livekit/token?profile=class')).fetch({ roomName: '7b' });
    const { video, metadata, roomConfig } = await verifier.verify(participantToken);
    assert.deepEqual([video.room, metadata, roomConfig], ['class-7b', '{"role": "pupil"}', undefined]);
  });

  const refusals = {
    'an identity': { participantIdentity: 'root' },
    'attributes': { participantAttributes: { role: 'admin' } },
    'an agent': { agentName: 'other' },
    'a room that the profile does not use': { roomName: 'elsewhere' },
  };
  for (const [what, options] of Object.entries(refusals)) {
    test(`cannot choose ${what}`, async () => {
      await assert.rejects((await source()).fetch(options), /received 422 .*request_invalid/s);
    });
  }

  test('is refused without a session', async () => {
    const signedOut = TokenSource.endpoint(`${app}/livekit/token`, { headers: { Origin: app } });
    await assert.rejects(signedOut.fetch({}), /received 401 .*session_missing/s);
  });
});

describe('livekit-server-sdk: TokenVerifier', () => {
  test('holds the participant to the permissions of the profile', async () => {
    const { token, locked, profile, server_url: server, participant_token: same } = await mint('livekit', { profile: 'audience' });
    assert.deepEqual([locked, profile, same], [true, 'audience', token]);
    assert.match(server, /^wss:/);
    const { video } = await verifier.verify(token);
    assert.deepEqual(video, { room: 'stage', roomJoin: true, canPublish: false, canSubscribe: true, canPublishData: false });
  });

  test('refuses a token of another secret, and one that was changed', async () => {
    const { token } = await mint('livekit');
    await assert.rejects(new TokenVerifier('APIstandinOpensNothing', 'another-secret-of-another-project-x').verify(token), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' });
    const [header, claims, signature] = token.split('.');
    const changed = JSON.parse(Buffer.from(claims, 'base64url'));
    changed.video.room = 'stage';
    const forged = [header, Buffer.from(JSON.stringify(changed)).toString('base64url'), signature].join('.');
    await assert.rejects(verifier.verify(forged), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' });
  });

  test('refuses an expired token, as the server does', async () => {
    const minted = await mint('livekit', { expires_in: 10 });
    assert.equal(await validate(minted), 200);
    await sleep(10_100);
    await assert.rejects(verifier.verify(minted.token, 0), { code: 'ERR_JWT_EXPIRED' });
    assert.equal(await validate(minted), 401);
  });
});
