// The page of the local command, used as a visitor does: by what it says, not by how it is built.

const assert = require('node:assert/strict');

const { watchedPage } = require('./chromium');
const { until } = require('./until');

const PROVIDERS = { cartesia: 'Cartesia', elevenlabs: 'ElevenLabs', assemblyai: 'AssemblyAI' };

/** What the browser itself writes to the console of a call that was refused. */
const refusedWith = (status) => new RegExp(`Failed to load resource.* status of ${status} .*/token\\)$`);

/** Opens the page in a private window; `expected` are lines of the console that are no fault. */
async function visit(t, chromium, voicemint, { expected = [], ...options } = {}) {
  const context = await chromium.newContext(options);
  t.after(() => context.close());
  const page = await watchedPage(context, t, ...expected);
  const came = [];
  page.on('response', async (response) => {
    if (response.request().method() !== 'POST' || !response.url().endsWith('/token')) return;
    const { token } = await response.json().catch(() => ({}));
    if (token) came.push(token);
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
    /** The tokens that came so far, which are that many. */
    async tokens(count) {
      await until(`${count} tokens came`, () => came.length >= count);
      assert.equal(came.length, count);
      return came;
    },

    async signIn(name) {
      await page.getByLabel('Your name').fill(name);
      await button('Sign in').click();
      await this.says('#signed-in', new RegExp(`^Signed in as ${name}\\.`));
    },

    choose: (provider) => option(new RegExp(`^${PROVIDERS[provider]}`)).check(),

    /** Gets a token, and waits for how that ends. */
    async get(state) {
      await button('Get a token').click();
      await this.says('#state', new RegExp(`^${state}`));
    },

    /**
     * Stops the page's clock; `pass(seconds)` lets it run on. Its calls take the time that they take, so what the page shows does
     * not depend on how busy the machine is.
     */
    async stopClock() {
      await page.clock.install();
      await page.reload();
      await ready();
      await page.clock.pauseAt(Date.now() + 1000);
      return (seconds) => page.clock.runFor(seconds * 1000);
    },

    /** Everything that a part of the page says from now on, however briefly; gives a function that tells it. */
    async record(part) {
      await page.locator(part).evaluate((element) => {
        const said = [];
        const note = () => said.push(element.innerText.trim());
        new MutationObserver(note).observe(element, { childList: true, characterData: true, subtree: true, attributes: true });
        window.said = { ...window.said, [element.id]: said };
      });
      return () => page.evaluate((id) => window.said[id], part.slice(1));
    },

    /** Waits until a part of the page says something. */
    async says(part, words) {
      let text;
      await until(`${part} says ${words}`, async () => {
        text = (await page.locator(part).innerText()).trim();
        return words.test(text);
      }).catch((error) => assert.fail(`${error.message}; it says: ${text}`));
      return text;
    },

    /** The names of the tokens' cookies. */
    async cookies() {
      return (await context.cookies()).map(({ name }) => name).filter((name) => name.startsWith('__Host-')).sort();
    },
  };
}

module.exports = { PROVIDERS, refusedWith, visit };
