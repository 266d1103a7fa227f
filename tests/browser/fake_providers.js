// Providers that only the page has: their modules are served by the test.

/**
 * A provider that plays back what it hears until `window.fake.echoes` is false. The test calls the
 * callbacks in `window.fake`, and ends the conversation with `finish()`.
 */
const ECHO = `
export const note = "Echoes.";
export const fields = [];
export const ask = () => ({});
export const rates = { input: 24000, output: 24000 };
export async function converse(source, audio, { signal, ...callbacks }) {
  const fake = { source, callbacks, echoes: true, lengths: [], levels: [], ended: false };
  window.fake = fake;
  const finished = new Promise((resolve, reject) => {
    fake.finish = resolve;
    signal.addEventListener("abort", () => reject(signal.reason));
  });
  (async () => {
    for await (const chunk of audio) {
      fake.lengths.push(chunk.length);
      fake.levels.push(Math.max(...chunk.map(Math.abs)));
      if (fake.echoes) callbacks.onAudio(new Uint8Array(chunk.buffer));
    }
    fake.ended = true;
  })();
  await finished;
}
`;

/** A provider that the page cannot use. */
const UNUSABLE = `
export const note = "Joins rooms.";
export const fields = [];
export const ask = () => ({});
export const usage = "Use this token with the vendor’s own client.";
`;

/** Serves another module for a provider. Takes effect after a reload. */
async function replaceProvider(page, name, module) {
  await page.route(`**/functions/${name}/page.js`, (route) => route.fulfill({ contentType: 'text/javascript', body: module }));
}

/**
 * Makes the page show other providers than the local command has: `providers` are their titles and
 * modules by name. They mint at Cartesia's endpoint. `deployed` changes their deployment.
 */
async function replaceProviders(page, providers, deployed = {}) {
  const names = Object.keys(providers);
  for (const [name, { module }] of Object.entries(providers)) await replaceProvider(page, name, module);
  const imports = names.map((name, index) => `import * as p${index} from "/functions/${name}/page.js";\n`);
  const members = names.map((name, index) => `${JSON.stringify(name)}: { ...p${index}, label: ${JSON.stringify(providers[name].title)} },\n`);
  const list = `${imports.join('')}export const PROVIDERS = {\n${members.join('')}};\n`;
  await page.route('**/web/page/providers.js', (route) => route.fulfill({ contentType: 'text/javascript', body: list }));
  await page.route('**/deployment.json', async (route) => {
    const response = await route.fetch();
    const json = await response.json();
    const { cartesia } = json.providers;
    json.providers = Object.fromEntries(names.map((name) => [name, { ...cartesia, ...deployed }]));
    await route.fulfill({ response, json });
  });
}

module.exports = { ECHO, UNUSABLE, replaceProvider, replaceProviders };
