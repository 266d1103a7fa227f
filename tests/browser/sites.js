// Sites under TLS: the app, which passes on to Voicemint, and others. All have an empty page, the app at `/blank`, and redirect
// to wherever they are told.

const http = require('node:http');
const https = require('node:https');

const { makeCertificate } = require('./certificate');
const { listen } = require('./voicemint');

const APP = 'https://app.voicemint.test';
/** Two that may call: of the same site, and of another one. */
const STUDIO = 'https://studio.voicemint.test';
const PARTNER = 'https://partner.example';
/** Two that may not. */
const SIBLING = 'https://www.voicemint.test';
const FOREIGN = 'https://evil.example';

const HOSTS = [APP, STUDIO, PARTNER, SIBLING, FOREIGN].map((origin) => new URL(origin).host);

/** Serves them all. `calls` are the requests to token endpoints and what they were answered, in order. */
async function serveSites(voicemintPort) {
  const { key, cert, fingerprint } = makeCertificate(HOSTS);
  const calls = [];
  const server = await listen(https.createServer({ key, cert }, (request, response) => {
    const isOurs = /^\/(blank|to\?)/.test(request.url) || `https://${request.headers.host}` !== APP;
    if (isOurs) answer(request, response);
    else passOn(request, response, voicemintPort, calls);
  }));
  const { port } = server.address();
  return {
    calls,
    names: Object.fromEntries(HOSTS.map((host) => [`${host}:443`, port])),
    trusted: [fingerprint],
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => { server.close(resolve); });
    },
  };
}

function passOn(request, response, port, calls) {
  const { method, url, headers } = request;
  const options = { host: '127.0.0.1', port, method, path: url, headers: { ...headers, host: `localhost:${port}` } };
  const onward = http.request(options, (answered) => {
    if (new URL(url, APP).pathname.endsWith('/token')) {
      calls.push({ method, headers, status: answered.statusCode, answer: answered.headers });
    }
    response.writeHead(answered.statusCode, answered.headers);
    answered.pipe(response);
  });
  onward.on('error', () => response.destroy());
  request.pipe(onward);
}

/** An empty page; or `/to?url=…&status=…`, a redirect. */
function answer(request, response) {
  const { pathname, searchParams } = new URL(request.url, `https://${request.headers.host}`);
  request.resume();
  if (pathname === '/to') {
    response.writeHead(Number(searchParams.get('status')), { Location: searchParams.get('url') }).end();
    return;
  }
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
  response.end('<!doctype html><html lang="en"><title>A page</title><link rel="icon" href="data:,">');
}

module.exports = { APP, FOREIGN, PARTNER, SIBLING, STUDIO, serveSites };
