// Uses the page of the local command as a visitor does: by its visible texts and labels.

const assert = require('node:assert/strict');
const { readFileSync, readdirSync } = require('node:fs');
const { join } = require('node:path');

const { watchedPage } = require('./chromium');
const { until } = require('./until');

const FUNCTIONS = join(__dirname, '../../functions');
const read = (name, file) => readFileSync(join(FUNCTIONS, name, file), 'utf8');

/** The title of each provider. */
const PROVIDERS = Object.fromEntries(readdirSync(FUNCTIONS).map((name) => (
  [name, read(name, 'provider.toml').match(/^title = "(.+)"$/m)[1]])));

/** Those that transcribe, whatever is chosen: with profiles, it depends on the profile. */
const TRANSCRIBERS = Object.fromEntries(Object.entries(PROVIDERS).filter(([name]) => {
  const code = read(name, 'page.js');
  return code.includes('export function listen(') && !code.includes('options: "profiles"');
}));

/** The browser's console message about an error response. */
const refusedWith = (status) => new RegExp(`Failed to load resource.* status of ${status} .*/token\\)$`);

/**
 * Opens the page in a private window. `expected` are console messages that do not fail the test.
 */
async function visit(t, chromium, voicemint, { expected = [], ...options } = {}) {
  const context = await chromium.newContext(options);
  t.after(() => context.close());
  const page = await watchedPage(context, t, ...expected);
  const received = [];
  page.on('response', async (response) => {
    if (response.request().method() !== 'POST' || !response.url().endsWith('/token')) return;
    const { token } = await response.json().catch(() => ({}));
    if (token) received.push(token);
  });
  const ready = () => page.waitForFunction(() => !document.querySelector('main').inert);
  await page.goto(voicemint.url);
  await ready();

  const button = (name) => page.getByRole('button', { name, exact: true });
  const option = (name) => page.getByRole('radio', { name });

  return {
    page,
    context,
    button,
    option,
    /** The tokens that the page has received; fails unless there are exactly `count`. */
    async tokens(count) {
      await until(`${count} tokens have arrived`, () => received.length >= count);
      assert.equal(received.length, count);
      return received;
    },

    async signIn(name) {
      await page.getByLabel('Your name').fill(name);
      await button('Sign in').click();
      await this.waitForText('#signed-in', new RegExp(`^Signed in as ${name}\\.`));
    },

    choose: (provider) => option(new RegExp(`^${PROVIDERS[provider]}\\s*(stand-in|real provider)`)).check(),

    /** Gets a token, and waits for the given state. */
    async get(state) {
      await button('Get a token').click();
      await this.waitForText('#state', new RegExp(`^${state}`));
    },

    /**
     * Stops the page's clock. The returned function advances it. Requests take real time, so what
     * the page shows does not depend on the load of the machine.
     */
    async stopClock() {
      await page.clock.install();
      await page.reload();
      await ready();
      await page.clock.pauseAt(Date.now() + 1000);
      return (seconds) => page.clock.runFor(seconds * 1000);
    },

    /** Records all texts of an element from now on. Returns a function that returns them. */
    async recordTexts(selector) {
      await page.locator(selector).evaluate((element) => {
        const texts = [];
        const note = () => texts.push(element.innerText.trim());
        new MutationObserver(note).observe(element, { childList: true, characterData: true, subtree: true, attributes: true });
        window.texts = { ...window.texts, [element.id]: texts };
      });
      return () => page.evaluate((id) => window.texts[id], selector.slice(1));
    },

    /** Waits until the text of an element matches a pattern. */
    async waitForText(selector, pattern) {
      let text;
      await until(`${selector} matches ${pattern}`, async () => {
        text = (await page.locator(selector).innerText()).trim();
        return pattern.test(text);
      }).catch((error) => assert.fail(`${error.message}; its text is: ${text}`));
      return text;
    },

    /** The names of the token cookies. */
    async cookies() {
      return (await context.cookies()).map(({ name }) => name).filter((name) => name.startsWith('__Host-')).sort();
    },
  };
}

module.exports = { PROVIDERS, TRANSCRIBERS, refusedWith, visit };
