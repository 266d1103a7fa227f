// Vite and React as in docs/frontend.md, in Chromium, with the local command behind Vite's proxy.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { startChromium, watchedPage } = require('../browser/chromium');
const { until } = require('../browser/until');
const { startVoicemint } = require('../browser/voicemint');
const { PAGE, snippet, snippets } = require('./app');
const { openApp, serveApp } = require('./vite_app');

/** Two components in StrictMode, which mounts them twice. */
const MAIN = `
  import { StrictMode } from "react";
  import { createRoot } from "react-dom/client";
  import { Voice } from "./Voice.jsx";

  window.root = createRoot(document.getElementById("root"));
  window.mount = () => root.render(<StrictMode><Voice /><Voice /></StrictMode>);
`;

const FILES = { 'main.jsx': MAIN, 'Voice.jsx': snippet('Voice.jsx') };

const serve = (t, version, change) => serveApp(t, FILES, { version, change });
const open = (t, app, ...expected) => openApp(t, chromium, app, { expected });

let chromium;
before(async () => {
  chromium = await startChromium();
});
after(() => chromium?.close());

const minted = ({ voicemint }) => voicemint.calls().map((line) => line.replace(/ \(.*/, ''));

test('docs/frontend.md has two settings for Vite', () => assert.equal(snippets['vite.config.js'].length, 2));

for (const version of [0, 1]) {
  test(`Vite's proxy, with setting ${version + 1}: StrictMode and two components send one request`, async (t) => {
    const app = await serve(t, version);
    const { page, waitForText } = await open(t, app);
    await page.evaluate(() => window.mount());
    await waitForText('#root', /^Ready until \d{4}-.*Z\.\s+Ready until \d{4}-.*Z\.$/s);
    assert.deepEqual(minted(app), ['POST /cartesia/token 200 minted']);
  });
}

test('unmounting aborts the request, and mounting again gets a token', async (t) => {
  const app = await serve(t, 0);
  const { page, waitForText } = await open(t, app);
  const held = [];
  await page.route('**/cartesia/token', (route) => { held.push(route); });
  await page.evaluate(() => window.mount());
  await until('the endpoint is called', () => held.length > 0);
  const ended = page.waitForEvent('requestfailed');
  await page.evaluate(() => window.root.render(null));
  assert.match((await ended).failure().errorText, /ABORTED/);
  await page.unroute('**/cartesia/token');
  await page.evaluate(() => window.mount());
  await waitForText('#root', /^Ready until/);
  assert.equal(held.length, 1);
});

test('server-side rendering sends no request', async (t) => {
  const app = await serve(t, 0);
  const { Voice } = await app.server.ssrLoadModule('/Voice.jsx');
  const { createElement } = require('react');
  const { renderToString } = require('react-dom/server');
  assert.equal(renderToString(createElement(Voice)), '<p>Getting a token …</p>');
  assert.deepEqual(minted(app), []);
});

/** The client's error for a path, in the page. */
const detailOf = (page, path) => page.evaluate(async (url) => {
  const { createTokenSource } = await import('/node_modules/voicemint/voicemint.js');
  return createTokenSource(url, { maxWait: 0 }).getToken().catch(({ code, detail }) => `${code}: ${detail}`);
}, path);

test('if /sign-in is proxied too, the app can sign in', async (t) => {
  const [, signIn] = /`\/sign-in`.*?^```js\n(.*?)^```$/ms.exec(PAGE);
  const app = await serve(t, 0, (config) => config.replace('"/cartesia": ', `"/sign-in": "http://localhost:${config.match(/:(\d+)"/)[1]}", $&`));
  const context = await chromium.newContext();
  t.after(() => context.close());
  const page = await watchedPage(context, t);
  await page.goto(app.url);
  await page.evaluate(`(async () => { ${signIn} })()`);
  await page.evaluate(() => window.mount());
  await page.getByText('Ready until').first().waitFor();
  assert.deepEqual(minted(app), ['POST /cartesia/token 200 minted']);
});

/** The responses that docs/frontend.md lists for a fault, such as `404, or 200 with text/html`. */
const listedResponses = (fault) => new RegExp(`\\n- (.*?): ${fault}`).exec(PAGE)[1].replaceAll('`', '').split(/, or | or /);

test('the client describes another server as docs/frontend.md says', async (t) => {
  const app = await serve(t, 0);
  const { page } = await open(t, app, /Failed to load resource/);
  const notProxied = await detailOf(page, '/elevenlabs/token');
  assert.match(notProxied, /^unexpected_answer: No token endpoint: a server answered .* forwards \/elevenlabs\/token to Voicemint\.$/);
  assert.ok(listedResponses('the path is not proxied').some((response) => notProxied.includes(`answered ${response}`)), notProxied);
  await app.voicemint.stop();
  const dead = await detailOf(page, '/cartesia/token');
  assert.match(dead, /^unexpected_answer: No token endpoint: a server answered .* with text\/plain.*forwards .* to Voicemint\.$/);
  assert.ok(listedResponses('the proxy does not reach').some((response) => dead.includes(`answered ${response}`)), dead);
  await app.server.close();
  assert.equal(await detailOf(page, '/cartesia/token'), 'network_error: The token endpoint cannot be reached.');
});

test('the error of a page whose origin is not listed mentions ALLOWED_ORIGINS', async (t) => {
  const app = await serve(t, 0);
  const other = await startVoicemint();
  t.after(other.stop);
  const { page } = await open(t, app, /Failed to load resource|blocked by CORS policy/);
  const detail = await detailOf(page, `${other.url}/cartesia/token`);
  assert.equal(detail, `network_error: The token endpoint cannot be reached, or its ALLOWED_ORIGINS does not list ${app.url}.`);
});
