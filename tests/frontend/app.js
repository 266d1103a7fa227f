// Creates an app from the snippets of docs/frontend.md, in its own folder, with the client
// installed.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { promisify } = require('node:util');

const ROOT = join(__dirname, '..', '..');
const PAGE = readFileSync(join(ROOT, 'docs', 'frontend.md'), 'utf8');

/** The snippets, by the file name in their first line. A file may have several versions. */
const snippets = Object.groupBy(
  [...PAGE.matchAll(/^```jsx?\n\/\/ (\S+)\n(.*?)^```$/gms)].map(([, name, code]) => ({ name, code })),
  ({ name }) => name,
);

/** A snippet, with the port of the test's local command. */
function snippet(name, version = 0, port = 8787) {
  const found = snippets[name]?.[version];
  assert.ok(found, `docs/frontend.md has no ${name} (${version})`);
  return found.code.replaceAll('localhost:8787', `localhost:${port}`);
}

/** Creates a folder with those files inside `home`, so that it finds the packages of `home`. */
function makeApp(home, files) {
  const folder = mkdtempSync(join(home, '.app-'));
  // On exit, when no server writes to the folder any more; also if the test is interrupted.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  for (const [name, text] of Object.entries({ 'package.json': '{ "private": true }', ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** Installs the client as docs/frontend.md says. */
async function installClient(folder) {
  const [, setting, command] = /^```sh\n(echo install-links.*)\n(npm install .*)\n```$/m.exec(PAGE);
  const script = `${setting}\n${command.replace('../voicemint/web', `"${join(ROOT, 'web')}"`)} --no-audit --no-fund --offline`;
  await promisify(execFile)('sh', ['-euc', script], { cwd: folder });
}

module.exports = { PAGE, ROOT, installClient, makeApp, snippet, snippets };
