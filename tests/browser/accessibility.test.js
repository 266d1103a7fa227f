// The page by the rules of axe, in both colours and on both kinds of screen, in each state that it can be in.

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const { after, before, test } = require('node:test');

const { startChromium } = require('./chromium');
const { refusedWith, visit } = require('./page');
const { startVoicemint } = require('./voicemint');

const AXE = readFileSync(require.resolve('../sdks/node_modules/axe-core/axe.min.js'), 'utf8');
const SCREENS = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } };

let voicemint;
let chromium;
before(async () => {
  voicemint = await startVoicemint('--set', 'GRANTS_CLAIM=grants');
  chromium = await startChromium();
});
after(async () => {
  await chromium?.close();
  await voicemint?.stop();
});

for (const [screen, viewport] of Object.entries(SCREENS)) {
  for (const colorScheme of ['light', 'dark']) {
    test(`${screen}, ${colorScheme}`, async (t) => {
      const visitor = await visit(t, chromium, voicemint, { viewport, colorScheme, expected: [refusedWith(403)] });
      const { page } = visitor;
      // As a string, which the page's policy lets the browser's own tools run.
      await page.evaluate(AXE);

      async function check(state) {
        const faults = await page.evaluate(async () => {
          const { violations } = await axe.run();
          return violations.map(({ id, impact, nodes }) => `${id} (${impact}): ${nodes.map(({ target }) => target).join(', ')}`);
        });
        assert.deepEqual(faults, [], state);
        await checkWidth(state);
      }

      async function checkWidth(state) {
        const overhang = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(overhang <= 0, `${state}: ${overhang} pixels are beyond the right edge`);
      }

      await check('nobody is signed in');
      await page.getByLabel('May ask for').fill('tts realtime_scribe tts_websocket stt');
      await visitor.signIn('ada');
      await page.getByRole('checkbox', { name: 'agent' }).check();
      await visitor.get('Refused');
      await check('a token is refused');
      await page.getByRole('checkbox', { name: 'agent' }).uncheck();
      await visitor.get('Minted');
      await page.evaluate(() => { document.querySelector('details').open = true; });
      await check('a token is minted');
      await visitor.choose('elevenlabs');
      await visitor.option('tts_websocket').check();
      await check('another provider');
      await page.getByLabel('A sentence to hear').fill('Hi');
      await visitor.button('Speak').click();
      await visitor.says('#progress', /s of sound/);
      await visitor.button('Use the same token again').click();
      await visitor.says('#refused', /refused/);
      await check('a token is refused by the provider');
      await visitor.choose('assemblyai');
      await visitor.option('Sample').check();
      await visitor.button('Listen').click();
      await visitor.says('#transcript', /hello/i);
      await check('something is written');
      await page.setViewportSize({ width: 320, height: 640 });
      await checkWidth('on the narrowest screen');
    });
  }
}
