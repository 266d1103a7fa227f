// What an app does: it signs in and mints at Voicemint's endpoints.

const assert = require('node:assert/strict');
const { setTimeout: sleep } = require('node:timers/promises');

const app = process.env.VOICEMINT_URL;

/** The stand-ins over TLS, as the `base_url` that comes with each token says, and without it. */
const tls = process.env.STANDINS_TLS_URL;
const plain = process.env.STANDINS_URL;

let session;

async function signIn() {
  const answer = await fetch(`${app}/sign-in`, { method: 'POST', body: new URLSearchParams({ user: 'ada' }) });
  assert.equal(answer.status, 200);
  const cookies = answer.headers.getSetCookie();
  return cookies.map((cookie) => cookie.split(';')[0]).join('; ');
}

/** Mints, and gives all that Voicemint answers. */
async function mint(provider, ask = {}) {
  session ??= signIn();
  const headers = { 'Content-Type': 'application/json', Cookie: await session, Origin: app };
  const answer = await fetch(`${app}/${provider}/token`, { method: 'POST', headers, body: JSON.stringify(ask) });
  assert.equal(answer.status, 200);
  return answer.json();
}

/** A token whose second is over. */
async function expired(provider, ask = {}) {
  const minted = await mint(provider, { ...ask, expires_in: 1 });
  await sleep(1100);
  return minted;
}

/** Every event of those names, in order, until the last one of the names. */
function events(source, ...names) {
  const heard = [];
  return new Promise((resolve) => {
    for (const name of names) {
      source.on(name, (...what) => {
        heard.push([name, ...what]);
        if (name === names.at(-1)) resolve(heard);
      });
    }
  });
}

module.exports = { app, events, expired, mint, plain, signIn, tls };
