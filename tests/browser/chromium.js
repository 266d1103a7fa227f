// Starts Chromium without network access, except to the loopback interface. CHROMIUM is the
// executable.

const assert = require('node:assert/strict');
const { mkdirSync, mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const { chromium } = require('../sdks/node_modules/playwright-core');

/**
 * `names` maps host names and ports to local ports: `{'app.test:443': 4430}`. `trusted` are
 * fingerprints of certificates.
 */
function startChromium(options) {
  return chromium.launch(launch(options));
}

/**
 * A browser that sends third-party cookies. The private windows of `startChromium` do not send
 * them.
 */
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

/** A page that fails its test if the console has a warning or an error that is not `expected`. */
async function watchedPage(context, t, ...expected) {
  const page = await context.newPage();
  const messages = [];
  page.on('console', (message) => {
    if (!['warning', 'error'].includes(message.type())) return;
    messages.push(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => messages.push(String(error.stack)));
  t.after(async () => {
    await page.close();
    const unexpected = messages.filter((line) => !expected.some((pattern) => pattern.test(line)));
    assert.deepEqual(unexpected, [], 'unexpected console messages');
  });
  return page;
}

module.exports = { startChromium, startProfile, watchedPage };
