// Sites with TLS: the app, which is a proxy to Voicemint, and others. All have an empty page (the
// app at `/blank`) and a redirect to any URL.

const http = require('node:http');
const https = require('node:https');

const { makeCertificate } = require('./certificate');
const { listen } = require('./voicemint');

const APP = 'https://app.voicemint.test';
/** Two allowed origins: same-site and cross-site. */
const STUDIO = 'https://studio.voicemint.test';
const PARTNER = 'https://partner.example';
/** Two origins that are not allowed. */
const SIBLING = 'https://www.voicemint.test';
const FOREIGN = 'https://evil.example';

const HOSTS = [APP, STUDIO, PARTNER, SIBLING, FOREIGN].map((origin) => new URL(origin).host);

/** Serves all sites. `calls` are the requests to token endpoints with their responses, in order. */
async function serveSites(voicemintPort) {
  const { key, cert, fingerprint } = makeCertificate(HOSTS);
  const calls = [];
  const server = await listen(https.createServer({ key, cert }, (request, response) => {
    const isStatic = /^\/(blank|to\?)/.test(request.url) || `https://${request.headers.host}` !== APP;
    if (isStatic) respond(request, response);
    else forward(request, response, voicemintPort, calls);
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

function forward(request, response, port, calls) {
  const { method, url, headers } = request;
  const options = { host: '127.0.0.1', port, method, path: url, headers: { ...headers, host: `localhost:${port}` } };
  const onward = http.request(options, (upstream) => {
    if (new URL(url, APP).pathname.endsWith('/token')) {
      calls.push({ method, headers, status: upstream.statusCode, response: upstream.headers });
    }
    response.writeHead(upstream.statusCode, upstream.headers);
    upstream.pipe(response);
  });
  onward.on('error', () => response.destroy());
  request.pipe(onward);
}

/** An empty page, or a redirect for `/to?url=…&status=…`. */
function respond(request, response) {
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
