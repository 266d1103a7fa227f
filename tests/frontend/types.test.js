// Compiles the snippets of web/README.md with strict TypeScript. tests/sdks runs them.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { test } = require('node:test');

const { ROOT, makeApp } = require('./app');

const README = readFileSync(join(ROOT, 'web', 'README.md'), 'utf8');
const SNIPPETS = [...README.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code);

/** What the snippets expect from the app. */
const APP = `
  declare function play(samples: Uint8Array): void;
  declare function show(text: string): void;
  declare function sound(): AsyncIterable<Uint8Array<ArrayBuffer>>;
  declare function currentSession(): string | undefined;
  declare function signIn(): Promise<boolean>;
`;

test('each snippet of web/README.md passes strict TypeScript', () => {
  assert.ok(SNIPPETS.length >= 5);
  const compilerOptions = {
    strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, noImplicitReturns: true, noEmit: true,
    target: 'es2024', lib: ['es2024', 'dom', 'dom.iterable'], types: [], module: 'esnext', moduleResolution: 'bundler',
    // The SDKs' types need packages that a page does not have.
    skipLibCheck: true, moduleDetection: 'force', paths: { voicemint: [join(ROOT, 'web', 'voicemint.d.ts')] },
  };
  const snippets = Object.fromEntries(SNIPPETS.map((code, at) => [`snippet-${at}.ts`, code]));
  // In the folder that has the SDKs.
  const folder = makeApp(join(ROOT, 'tests', 'sdks'), {
    'app.d.ts': APP,
    'tsconfig.json': JSON.stringify({ compilerOptions, include: ['*.ts'] }),
    ...snippets,
  });
  const tsc = join(__dirname, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
});
