// Signs in and mints tokens at Voicemint's endpoints, as an app does.

const assert = require('node:assert/strict');
const { setTimeout: sleep } = require('node:timers/promises');

const app = process.env.VOICEMINT_URL;

/** The stand-ins with TLS, which is the `base_url` of the tokens, and without TLS. */
const tls = process.env.STANDINS_TLS_URL;
const plain = process.env.STANDINS_URL;

let session;

async function signIn() {
  const response = await fetch(`${app}/sign-in`, { method: 'POST', body: new URLSearchParams({ user: 'ada' }) });
  assert.equal(response.status, 200);
  const cookies = response.headers.getSetCookie();
  return cookies.map((cookie) => cookie.split(';')[0]).join('; ');
}

/** Mints a token. Returns the response body. */
async function mint(provider, tokenRequest = {}) {
  session ??= signIn();
  const headers = { 'Content-Type': 'application/json', Cookie: await session, Origin: app };
  const response = await fetch(`${app}/${provider}/token`, { method: 'POST', headers, body: JSON.stringify(tokenRequest) });
  assert.equal(response.status, 200);
  return response.json();
}

/** An expired token. Its lifetime is a second, unless the request has the provider's shortest one. */
async function expired(provider, tokenRequest = {}) {
  const minted = await mint(provider, { expires_in: 1, ...tokenRequest });
  await sleep(minted.expires_in * 1000 + 100);
  return minted;
}

/** All events with those names, in order, until the first event with the last name. */
function events(source, ...names) {
  const received = [];
  return new Promise((resolve) => {
    for (const name of names) {
      source.on(name, (...args) => {
        received.push([name, ...args]);
        if (name === names.at(-1)) resolve(received);
      });
    }
  });
}

module.exports = { app, events, expired, mint, plain, signIn, tls };
