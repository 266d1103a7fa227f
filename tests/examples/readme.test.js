// examples/README.md lists each example, with the versions that the tests run.

const assert = require('node:assert/strict');
const { readdirSync } = require('node:fs');
const { test } = require('node:test');

const { EXAMPLES, read } = require('./apps');

const ROWS = [...read('README.md').matchAll(/^\| \[(\S+)\]\((\S+)\) \|.*$/gm)];

test('each example has a row', () => {
  const files = readdirSync(EXAMPLES).filter((name) => name !== 'README.md');
  assert.deepEqual(ROWS.map(([, name]) => name).sort(), files.sort());
  for (const [, name, link] of ROWS) assert.equal(link, name);
});

test('the versions are those of the tests', () => {
  const pinned = Object.assign({}, ...['examples', 'frontend', 'next', 'sdks'].map((folder) => require(`../${folder}/package.json`).dependencies));
  for (const [row, name] of ROWS) {
    const versions = [...row.matchAll(/`([@\w/-]+)` (\d+\.\d+\.\d+)/g)];
    assert.ok(versions.length > 0, name);
    for (const [, library, version] of versions) assert.equal(version, pinned[library], library);
  }
});
