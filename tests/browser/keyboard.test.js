// The page without a mouse: from signing in to hearing a sentence and signing out.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { startChromium } = require('./chromium');
const { visit } = require('./page');
const { startVoicemint } = require('./voicemint');

for (const [screen, viewport] of Object.entries({ phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } })) {
  test(`${screen}: the keyboard is enough, and one always sees where it is`, (t) => throughThePage(t, viewport));
}

async function throughThePage(t, viewport) {
  const voicemint = await startVoicemint();
  t.after(voicemint.stop);
  const chromium = await startChromium();
  t.after(() => chromium.close());
  const { page, says } = await visit(t, chromium, voicemint, { viewport });
  const { keyboard } = page;

  /** Goes on to what has that name, and fails where nothing shows that a stop on the way has the focus. */
  async function tabTo(name, key = 'Tab') {
    for (let stops = 0; stops < 25; stops += 1) {
      await keyboard.press(key);
      const { text, isSeen } = await page.evaluate(() => {
        const at = document.activeElement;
        // Where the circle of an option is hidden, its frame shows the focus.
        const frames = [at, at.closest('label')].filter(Boolean).map((element) => getComputedStyle(element));
        const isRing = ({ outlineStyle, outlineWidth }) => outlineStyle !== 'none' && Number.parseFloat(outlineWidth) > 0;
        return { text: (at.labels?.[0] ?? at).textContent.trim(), isSeen: at === document.body || frames.some(isRing) };
      });
      assert.ok(isSeen, `the focus is not seen on ${text}`);
      if (text.startsWith(name)) return;
    }
    assert.fail(`${name} is not reached`);
  }

  await tabTo('Your name');
  await keyboard.press('ControlOrMeta+A');
  await keyboard.type('ada');
  await keyboard.press('Enter');
  await says('#signed-in', /^Signed in as ada/);
  await tabTo('Cartesia');
  await keyboard.press('ArrowDown');
  await says('#ask-note', /^Good for one connection/);
  await tabTo('realtime_scribe');
  await keyboard.press('ArrowRight');
  await tabTo('Get a token');
  await keyboard.press('Enter');
  await says('#state', /^Minted By ElevenLabs/);
  await tabTo('What was asked');
  await keyboard.press('Enter');
  await tabTo('A sentence to hear');
  await keyboard.press('ControlOrMeta+A');
  await keyboard.type('Hello');
  await tabTo('Speak');
  await keyboard.press('Space');
  await says('#progress', /s of sound/);
  await tabTo('Use the same token again');
  await keyboard.press('Space');
  await says('#refused', /ElevenLabs refused/);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Speak', 'the focus is not lost with the button');
  await tabTo('Sign out', 'Shift+Tab');
  await keyboard.press('Enter');
  await says('#signed-in', /^Nobody is signed in/);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'user');
}
