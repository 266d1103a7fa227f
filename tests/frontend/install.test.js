// Installs the client as web/README.md and docs/frontend.md say, and then another package.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { appendFileSync, lstatSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { test } = require('node:test');

const { ROOT, installClient, makeApp } = require('./app');

const [, COMMAND, SETTING] = /`(npm install --install-links) \S+web`, with `(install-links=\w+)` in `\.npmrc`/
  .exec(readFileSync(join(ROOT, 'web', 'README.md'), 'utf8').replace(/\s+/g, ' ')) ?? [];

/** An app, and another package that it can install. */
const makeBoth = () => makeApp(__dirname, { 'other/package.json': '{ "name": "other", "version": "1.0.0" }' });

const npm = (folder, command) => execFileSync('sh', ['-euc', `${command} --offline --no-audit --no-fund`], { cwd: folder });

const isLink = (folder) => lstatSync(join(folder, 'node_modules', 'voicemint')).isSymbolicLink();

for (const [page, install] of [
  ['docs/frontend.md', installClient],
  ['web/README.md', async (folder) => {
    appendFileSync(join(folder, '.npmrc'), `${SETTING}\n`);
    npm(folder, `${COMMAND} "${join(ROOT, 'web')}"`);
  }],
]) {
  test(`installed as ${page} says, the client stays a copy when another package is installed`, async () => {
    const folder = makeBoth();
    await install(folder);
    assert.ok(!isLink(folder));
    npm(folder, 'npm install ./other');
    assert.ok(!isLink(folder));
  });
}

test('without the setting, the next install replaces the copy with a link, as both say', () => {
  const folder = makeBoth();
  npm(folder, `npm install --install-links "${join(ROOT, 'web')}"`);
  assert.ok(!isLink(folder));
  npm(folder, 'npm install ./other');
  assert.ok(isLink(folder));
});
