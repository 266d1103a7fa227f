// Compiles the React apps of examples/ with strict TypeScript and the types of their libraries.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { join } = require('node:path');
const { test } = require('node:test');

const { installClient, makeApp } = require('../frontend/app');
const { EXAMPLES, read } = require('./apps');
const { readdirSync } = require('node:fs');

test('the React apps pass strict TypeScript', async () => {
  const names = readdirSync(EXAMPLES).filter((name) => name.endsWith('.tsx'));
  assert.ok(names.length >= 3);
  const compilerOptions = {
    strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, noImplicitReturns: true, noEmit: true,
    jsx: 'react-jsx', target: 'es2024', lib: ['es2024', 'dom', 'dom.iterable'], types: [], module: 'esnext', moduleResolution: 'bundler',
    skipLibCheck: true,
  };
  const folder = makeApp(__dirname, {
    'tsconfig.json': JSON.stringify({ compilerOptions, include: ['*.tsx'] }),
    ...Object.fromEntries(names.map((name) => [name, read(name)])),
  });
  await installClient(folder);
  const tsc = join(__dirname, '../frontend/node_modules/typescript/bin/tsc');
  const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
});
