// Serves the files of examples/ with Vite, each as an app of its own, as examples/README.md says.

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const { createServer } = require('node:http');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

const { installClient, makeApp } = require('../frontend/app');
const { listen } = require('../browser/voicemint');

/** The frontend's tests have Vite. */
const VITE = join(__dirname, '../frontend/node_modules/vite/dist/node/index.js');

/** The folder of the examples. */
const EXAMPLES = join(__dirname, '..', '..', 'examples');
const read = (name) => readFileSync(join(EXAMPLES, name), 'utf8');

/** As in Vite's template for React and TypeScript. */
const MAIN = `
  import { StrictMode } from "react";
  import { createRoot } from "react-dom/client";
  import App from "./App";

  createRoot(document.getElementById("root")!).render(<StrictMode><App /></StrictMode>);
`;
const INDEX = '<!doctype html><link rel="icon" href="data:,"><div id="root"></div><script type="module" src="./main.tsx"></script>';

/** The files of an app with that example, in a folder of the example's name. */
function filesOf(example) {
  const [name, extension] = example.split('.');
  const files = extension === 'html' ? { 'index.html': read(example) } : { 'index.html': INDEX, 'main.tsx': MAIN, 'App.tsx': read(example) };
  return Object.fromEntries(Object.entries(files).map(([file, text]) => [`${name}/${file}`, text]));
}

/** The proxy settings of examples/README.md, with the port of the test's local command. */
function viteConfig(port) {
  const [, code] = /^```js\n\/\/ vite\.config\.js\n(.*?)^```$/ms.exec(read('README.md'));
  assert.match(code, /localhost:8787/);
  return code.replaceAll('localhost:8787', `localhost:${port}`);
}

async function freePort() {
  const probe = await listen(createServer());
  const { port } = probe.address();
  await new Promise((resolve) => { probe.close(resolve); });
  return port;
}

/**
 * Serves those examples on a port. `home` is the folder that has their libraries, and `voicemint`
 * the port of the local command.
 */
async function serve(home, examples, { port, voicemint }) {
  const files = Object.assign({}, ...examples.map(filesOf));
  const folder = makeApp(home, {
    'package.json': '{ "private": true, "type": "module" }',
    'vite.config.js': viteConfig(voicemint),
    ...files,
  });
  await installClient(folder);
  const vite = await import(pathToFileURL(VITE));
  const server = await vite.createServer({
    root: folder,
    configFile: join(folder, 'vite.config.js'),
    server: { port, strictPort: true, host: 'localhost' },
    // With all libraries known at the start, no page loads again because another one is found.
    optimizeDeps: { entries: Object.keys(files).filter((name) => name.endsWith('.html')) },
    customLogger: vite.createLogger('error'),
  });
  await server.listen();
  return server;
}

module.exports = { EXAMPLES, freePort, read, serve };
