// The size of the client in an app's bundle.

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { test } = require('node:test');
const { gzipSync } = require('node:zlib');

const { ROOT } = require('./app');

const MAX_BYTES = 4000;

test(`minified and compressed, the client has less than ${MAX_BYTES} bytes, as web/README.md says`, async (t) => {
  const { minify } = await import('vite');
  const code = readFileSync(join(ROOT, 'web', 'voicemint.js'), 'utf8');
  const minified = await minify('voicemint.js', code, { module: true });
  assert.deepEqual(minified.errors, []);
  const bytes = gzipSync(minified.code, { level: 9 }).length;
  t.diagnostic(`${minified.code.length} bytes minified, ${bytes} compressed`);
  assert.ok(minified.code.includes('createTokenSource') && bytes < MAX_BYTES, `${bytes} bytes`);
  assert.match(readFileSync(join(ROOT, 'web', 'README.md'), 'utf8'), /less than 4 kB/);
});
