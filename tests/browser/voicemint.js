// Starts the local command. VOICEMINT_DEV is the binary.

const { spawn } = require('node:child_process');
const { mkdtempSync, readdirSync, rmSync } = require('node:fs');
const { createServer } = require('node:net');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const { until } = require('./until');

// With a key in its environment, the command would call the real provider.
const PROVIDERS = readdirSync(join(__dirname, '../../functions')).map((name) => name.replaceAll('-', '_').toUpperCase());
const REAL_KEY = new RegExp(`^(${PROVIDERS.join('|')})_`);

/**
 * Starts the local command. A flag may be a function of the ports. `calls()` returns its printed
 * lines, one per endpoint call.
 */
async function startVoicemint(...flags) {
  const [port, standins, tls] = await freePorts(3);
  const ports = ['--port', port, '--standins-port', standins, '--tls-port', tls];
  const folder = mkdtempSync(join(tmpdir(), 'voicemint-'));
  const authority = ['--ca-file', join(folder, 'ca.pem')];
  const environment = Object.entries(process.env).filter(([name]) => !REAL_KEY.test(name));
  const resolved = flags.map((flag) => (typeof flag === 'function' ? flag({ tls }) : flag));
  const child = spawn(process.env.VOICEMINT_DEV, [...ports, ...authority, ...resolved].map(String), {
    env: Object.fromEntries(environment),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text) => { printed += text; });
  // Also if the test is interrupted.
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

/** Unused ports. */
async function freePorts(count) {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(createServer())));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => { server.close(resolve); })));
  return ports;
}

/** Makes a server listen on any free loopback port. */
async function listen(server) {
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return server;
}

module.exports = { listen, startVoicemint };
