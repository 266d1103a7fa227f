// The local command, with the flags that a test needs. VOICEMINT_DEV is the binary.

const { spawn } = require('node:child_process');
const { mkdtempSync, rmSync } = require('node:fs');
const { createServer } = require('node:net');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const { until } = require('./until');

// With a key in its environment it would call the real provider.
const REAL_KEY = /^(CARTESIA|ELEVENLABS|ASSEMBLYAI)_/;

/** Starts it. A flag may be a function of its ports. `calls` are the lines that it prints, one for each call of an endpoint. */
async function startVoicemint(...flags) {
  const [port, standins, tls] = await freePorts(3);
  const ports = ['--port', port, '--standins-port', standins, '--tls-port', tls];
  const folder = mkdtempSync(join(tmpdir(), 'voicemint-'));
  const authority = ['--ca-file', join(folder, 'ca.pem')];
  const environment = Object.entries(process.env).filter(([name]) => !REAL_KEY.test(name));
  const given = flags.map((flag) => (typeof flag === 'function' ? flag({ tls }) : flag));
  const child = spawn(process.env.VOICEMINT_DEV, [...ports, ...authority, ...given].map(String), {
    env: Object.fromEntries(environment),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text) => { printed += text; });
  // Also where a test was cut short.
  process.once('exit', () => {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await until('the local command is ready', () => {
    if (child.exitCode !== null) throw new Error(`${process.env.VOICEMINT_DEV} did not start`);
    return printed.includes('Stop with Ctrl-C.');
  });
  return {
    port,
    tls,
    url: `http://localhost:${port}`,
    calls: () => printed.match(/^[A-Z]+ \/\w+\/token .*$/gm) ?? [],
    async stop() {
      child.kill();
      await ended;
    },
  };
}

/** Ports that nobody listens on. */
async function freePorts(count) {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(createServer())));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => { server.close(resolve); })));
  return ports;
}

/** Lets a server listen on some loopback port. */
async function listen(server) {
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return server;
}

module.exports = { listen, startVoicemint };
