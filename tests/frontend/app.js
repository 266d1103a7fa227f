// An app as docs/frontend.md has it: the files that its snippets name, in a folder of its own, with the client installed.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { promisify } = require('node:util');

const ROOT = join(__dirname, '..', '..');
const PAGE = readFileSync(join(ROOT, 'docs', 'frontend.md'), 'utf8');

/** The snippets, by the file that each names in its first line; a file may have several versions. */
const snippets = Object.groupBy(
  [...PAGE.matchAll(/^```jsx?\n\/\/ (\S+)\n(.*?)^```$/gms)].map(([, name, code]) => ({ name, code })),
  ({ name }) => name,
);

/** The text of a snippet, with the port of this test's local command. */
function snippet(name, version = 0, port = 8787) {
  const found = snippets[name]?.[version];
  assert.ok(found, `docs/frontend.md has no ${name} (${version})`);
  return found.code.replaceAll('localhost:8787', `localhost:${port}`);
}

/** A folder below `home`, whose packages it so finds, with those files. */
function makeApp(home, files) {
  const folder = mkdtempSync(join(home, '.app-'));
  // At the end of all, when no server writes there any more; also where a test was cut short.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  for (const [name, text] of Object.entries({ 'package.json': '{ "private": true }', ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** Installs the client as the page says. */
async function installClient(folder) {
  const [, setting, command] = /^```sh\n(echo install-links.*)\n(npm install .*)\n```$/m.exec(PAGE);
  const script = `${setting}\n${command.replace('../voicemint/web', `"${join(ROOT, 'web')}"`)} --no-audit --no-fund --offline`;
  await promisify(execFile)('sh', ['-euc', script], { cwd: folder });
}

module.exports = { PAGE, ROOT, installClient, makeApp, snippet, snippets };
