// Checks the page with axe, in both color schemes, at both screen sizes, and in every state.

const { after, before, test } = require('node:test');

const { checkPage, checkWidth } = require('./axe');
const { startChromium } = require('./chromium');
const { refusedWith, visit } = require('./page');
const { startVoicemint } = require('./voicemint');

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
      const check = (state) => checkPage(page, state);

      await check('signed out');
      await page.getByLabel('Allowed grants').fill('tts realtime_scribe tts_websocket stt');
      await visitor.signIn('ada');
      await page.getByRole('checkbox', { name: 'agent' }).check();
      await visitor.get('Refused');
      await check('an error response');
      await page.getByRole('checkbox', { name: 'agent' }).uncheck();
      await visitor.get('Minted');
      await page.evaluate(() => { document.querySelector('details').open = true; });
      await check('a minted token');
      await visitor.choose('elevenlabs');
      await visitor.option('tts_websocket').check();
      await check('another provider');
      await page.getByLabel('Text to speak').fill('Hi');
      await visitor.button('Speak').click();
      await visitor.waitForText('#progress', /s of audio/);
      await visitor.button('Use the same token again').click();
      await visitor.waitForText('#refused', /refused/);
      await check('an error of the provider');
      await visitor.choose('assemblyai');
      await visitor.option('Sample').check();
      await visitor.button('Listen').click();
      await visitor.waitForText('#transcript', /hello/i);
      await check('a transcript');
      await page.setViewportSize({ width: 320, height: 640 });
      await checkWidth(page, 'on the narrowest screen');
    });
  }
}
