// Chromium, cut off from every network but the loopback interface. CHROMIUM is the program.

const assert = require('node:assert/strict');
const { mkdirSync, mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const { chromium } = require('../sdks/node_modules/playwright-core');

/** `names` says which name and port is which port of this machine: `{'app.test:443': 4430}`; `trusted` are certificates. */
function startChromium(options) {
  return chromium.launch(launch(options));
}

/** A browser that sends the cookies of other sites along; the private windows of `startChromium` do not. */
async function startProfile(options) {
  const folder = mkdtempSync(join(tmpdir(), 'voicemint-'));
  mkdirSync(join(folder, 'Default'));
  const preferences = { profile: { cookie_controls_mode: 0, block_third_party_cookies: false } };
  writeFileSync(join(folder, 'Default', 'Preferences'), JSON.stringify(preferences));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return chromium.launchPersistentContext(folder, launch(options));
}

function launch({ names = {}, trusted = [], flags = [] } = {}) {
  const maps = Object.entries(names).map(([name, port]) => `MAP ${name} 127.0.0.1:${port}`);
  const rules = [...maps, 'MAP * ~NOTFOUND', 'EXCLUDE localhost', 'EXCLUDE 127.0.0.1'];
  return {
    executablePath: process.env.CHROMIUM,
    args: [
      '--disable-background-networking',
      `--host-resolver-rules=${rules.join(', ')}`,
      `--ignore-certificate-errors-spki-list=${trusted.join(',')}`,
      ...flags,
    ],
  };
}

/** A page that fails its test where the console has a warning or an error, but for those that are `expected`. */
async function watchedPage(context, t, ...expected) {
  const page = await context.newPage();
  const said = [];
  page.on('console', (message) => {
    if (!['warning', 'error'].includes(message.type())) return;
    said.push(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => said.push(String(error.stack)));
  t.after(async () => {
    await page.close();
    const unexpected = said.filter((line) => !expected.some((pattern) => pattern.test(line)));
    assert.deepEqual(unexpected, [], 'the console is silent');
  });
  return page;
}

module.exports = { startChromium, startProfile, watchedPage };
