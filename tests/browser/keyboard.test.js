// The page without a mouse: from signing in to hearing speech and signing out.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { startChromium } = require('./chromium');
const { visit } = require('./page');
const { startVoicemint } = require('./voicemint');

for (const [screen, viewport] of Object.entries({ phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } })) {
  test(`${screen}: the page works with the keyboard, and the focus is always visible`, (t) => walkThroughPage(t, viewport));
}

async function walkThroughPage(t, viewport) {
  const voicemint = await startVoicemint();
  t.after(voicemint.stop);
  const chromium = await startChromium();
  t.after(() => chromium.close());
  const { page, waitForText } = await visit(t, chromium, voicemint, { viewport });
  const { keyboard } = page;

  /**
   * Moves the focus to the element with that name. Fails if an element on the way has no visible
   * focus.
   */
  async function tabTo(name, key = 'Tab') {
    for (let stops = 0; stops < 25; stops += 1) {
      await keyboard.press(key);
      const { text, isSeen } = await page.evaluate(() => {
        const at = document.activeElement;
        // If the radio circle is hidden, its label shows the focus.
        const styles = [at, at.closest('label')].filter(Boolean).map((element) => getComputedStyle(element));
        const isRing = ({ outlineStyle, outlineWidth }) => outlineStyle !== 'none' && Number.parseFloat(outlineWidth) > 0;
        return { text: (at.labels?.[0] ?? at).textContent.trim(), isSeen: at === document.body || styles.some(isRing) };
      });
      assert.ok(isSeen, `the focus is not visible on ${text}`);
      if (text.startsWith(name)) return;
    }
    assert.fail(`${name} was not reached`);
  }

  await tabTo('Your name');
  await keyboard.press('ControlOrMeta+A');
  await keyboard.type('ada');
  await keyboard.press('Enter');
  await waitForText('#signed-in', /^Signed in as ada/);
  await tabTo('Cartesia');
  await keyboard.press('ArrowDown');
  await waitForText('#ask-note', /^Valid for one connection/);
  await tabTo('realtime_scribe');
  await keyboard.press('ArrowRight');
  await tabTo('Get a token');
  await keyboard.press('Enter');
  await waitForText('#state', /^Minted By ElevenLabs/);
  await tabTo('Request and response');
  await keyboard.press('Enter');
  await tabTo('Text to speak');
  await keyboard.press('ControlOrMeta+A');
  await keyboard.type('Hello');
  await tabTo('Speak');
  await keyboard.press('Space');
  await waitForText('#progress', /s of audio/);
  await tabTo('Use the same token again');
  await keyboard.press('Space');
  await waitForText('#refused', /ElevenLabs refused/);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Speak', 'the focus moves before the button disappears');
  await tabTo('Sign out', 'Shift+Tab');
  await keyboard.press('Enter');
  await waitForText('#signed-in', /^Not signed in/);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'user');
}
