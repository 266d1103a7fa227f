// Serves an app by Vite, with the local command behind Vite's proxy, and opens it in Chromium.

const { createServer } = require('node:http');
const { join } = require('node:path');

const { visit } = require('../browser/page');
const { listen, startVoicemint } = require('../browser/voicemint');
const { installClient, makeApp, snippet } = require('./app');

const FILES = {
  'package.json': '{ "private": true, "type": "module" }',
  'index.html': '<!doctype html><link rel="icon" href="data:,"><div id="root"></div><script type="module" src="/main.jsx"></script>',
  'tokens.js': snippet('tokens.js'),
};

/**
 * Starts an app and the local command. `version` selects the proxy settings of docs/frontend.md,
 * `change` changes their text, and `config` has further settings of Vite.
 */
async function serveApp(t, files, { version = 0, change = (settings) => settings, config = {} } = {}) {
  const vite = await import('vite');
  const probe = await listen(createServer());
  const { port } = probe.address();
  await new Promise((resolve) => { probe.close(resolve); });
  const voicemint = await startVoicemint('--origin', `http://localhost:${port}`);
  t.after(voicemint.stop);
  const folder = makeApp(__dirname, { ...FILES, ...files, 'vite.config.js': change(snippet('vite.config.js', version, voicemint.port)) });
  await installClient(folder);
  const logged = [];
  const customLogger = { ...vite.createLogger('silent'), error: (text) => logged.push(text) };
  const server = await vite.createServer({
    ...config,
    root: folder,
    configFile: join(folder, 'vite.config.js'),
    server: { port, strictPort: true, host: 'localhost' },
    customLogger,
  });
  t.after(() => server.close());
  await server.listen();
  return { voicemint, server, logged, url: `http://localhost:${port}` };
}

/**
 * Opens the app's page for a user who is signed in to the local command. `prepare` is called with
 * the page before that.
 */
async function openApp(t, chromium, { voicemint, url }, { expected = [], prepare = () => {} } = {}) {
  const visitor = await visit(t, chromium, voicemint, { expected });
  await visitor.signIn('ada');
  await prepare(visitor.page);
  await visitor.page.goto(url);
  await visitor.page.waitForFunction(() => window.mount);
  return visitor;
}

module.exports = { openApp, serveApp };
