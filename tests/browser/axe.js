// Checks a page's accessibility and width.

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');

const AXE = readFileSync(require.resolve('../sdks/node_modules/axe-core/axe.min.js'), 'utf8');

/** Fails if axe finds a violation, or if the page scrolls sideways. */
async function checkPage(page, state) {
  // As a string: the page's policy does not block scripts of the browser's tools.
  await page.evaluate(`window.axe ?? (() => { ${AXE} })()`);
  const found = await page.evaluate(async () => {
    const { violations } = await axe.run();
    return violations.map(({ id, impact, nodes }) => `${id} (${impact}): ${nodes.map(({ target }) => target).join(', ')}`);
  });
  assert.deepEqual(found, [], state);
  await checkWidth(page, state);
}

async function checkWidth(page, state) {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(overflow <= 0, `${state}: the page is ${overflow} pixels too wide`);
}

module.exports = { checkPage, checkWidth };
