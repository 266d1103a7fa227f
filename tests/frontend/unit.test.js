// The client in Jest and Vitest, with require, and in TypeScript with both module systems.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { lstatSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { test } = require('node:test');

const { ROOT, installClient, makeApp, snippet } = require('./app');

const run = (folder, tool, ...args) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(__dirname, 'node_modules', tool), ...args], {
    cwd: folder, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' },
  });
  return { status, text: stdout + stderr };
};

test('the folder is installed as a copy, also with npm ci', async () => {
  const folder = makeApp(__dirname, {});
  await installClient(folder);
  const installed = join(folder, 'node_modules', 'voicemint');
  assert.ok(!lstatSync(installed).isSymbolicLink());
  const { status, stderr } = spawnSync('npm', ['ci', '--offline', '--no-audit', '--no-fund'], { cwd: folder, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.ok(!lstatSync(installed).isSymbolicLink());
  assert.equal(readFileSync(join(installed, 'voicemint.cjs'), 'utf8'), readFileSync(join(ROOT, 'web', 'voicemint.cjs'), 'utf8'));
});

test('the command of web/README.md installs a copy too', async () => {
  const [, line] = /`(npm install --install-links \.\.\/voicemint\/web)`/.exec(readFileSync(join(ROOT, 'web', 'README.md'), 'utf8'));
  const folder = makeApp(__dirname, {});
  const args = line.split(' ').slice(1).map((word) => (word.startsWith('..') ? join(ROOT, 'web') : word));
  const { status, stderr } = spawnSync('npm', [...args, '--offline', '--no-audit', '--no-fund'], { cwd: folder, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.ok(!lstatSync(join(folder, 'node_modules', 'voicemint')).isSymbolicLink());
});

test('Jest requires the client, and the mock of docs/frontend.md replaces it', async () => {
  const folder = makeApp(__dirname, {
    'tokens.js': `
      const { createTokenSource } = require("voicemint");
      exports.tokens = createTokenSource("/cartesia/token");
    `,
    'client.test.js': `
      const { VoicemintError, createTokenSource } = require("voicemint");
      test("a token comes from the endpoint", async () => {
        const fetch = async () => Response.json({ token: "minted", expires_in: 60, single_use: false });
        expect((await createTokenSource("/cartesia/token", { fetch }).getToken()).token).toBe("minted");
      });
      test("an error response is a VoicemintError", async () => {
        const fetch = async () => Response.json({ code: "session_missing", detail: "Sign in." }, { status: 401 });
        await expect(createTokenSource("/cartesia/token", { fetch }).getToken()).rejects.toBeInstanceOf(VoicemintError);
      });
    `,
    'Voice.test.js': `${snippet('Voice.test.js')}
      const { tokens } = require("./tokens.js");
      test("the mock gives a token", async () => {
        expect(await tokens.getToken()).toMatchObject({ token: "test", base_url: expect.any(String) });
        tokens.clear();
      });
    `,
    'refused.test.js': `
      const { VoicemintError } = require("voicemint");
      jest.mock("./tokens.js", () => ({ tokens: { getToken: jest.fn() } }));
      const { tokens } = require("./tokens.js");
      test("the mock refuses", async () => {
        tokens.getToken.mockImplementation(async () => { throw ${/`(new VoicemintError\(.*?\))`/.exec(readFileSync(join(ROOT, 'docs', 'frontend.md'), 'utf8'))[1]}; });
        await expect(tokens.getToken()).rejects.toMatchObject({ code: "rate_limited", message: "Too many tokens." });
      });
    `,
  });
  await installClient(folder);
  const { status, text } = run(folder, 'jest/bin/jest.js', '--rootDir', folder, '--cacheDirectory', join(folder, '.cache'));
  assert.equal(status, 0, text);
  assert.match(text, /Tests: +4 passed, 4 total/);
});

test('Vitest imports the client, and vi.mock takes the same mock', async () => {
  const folder = makeApp(__dirname, {
    'package.json': '{ "private": true, "type": "module" }',
    'tokens.js': snippet('tokens.js'),
    'Voice.test.js': `
      import { expect, test, vi } from "vitest";
      import { tokens } from "./tokens.js";
      ${snippet('Voice.test.js').replace('jest.mock', 'vi.mock')}
      test("the mock gives a token", async () => expect(await tokens.getToken()).toMatchObject({ token: "test" }));
    `,
    'client.test.js': `
      import { expect, test } from "vitest";
      import { tokens } from "./tokens.js";
      test("without the mock, the client sends a request", () => expect(tokens.getToken()).rejects.toMatchObject({ code: "network_error" }));
    `,
  });
  await installClient(folder);
  const { status, text } = run(folder, 'vitest/vitest.mjs', 'run', '--root', folder);
  assert.equal(status, 0, text);
  assert.match(text, /Tests +2 passed \(2\)/);
});

const USE = `
  const tokens: TokenSource = createTokenSource("/cartesia/token", { session: () => null, onWait: (seconds: number) => console.log(seconds), maxWait: undefined });
  export async function use(): Promise<string> {
    try {
      const { token, source } = await tokens.getToken({ signal: new AbortController().signal });
      const from: "minted" | "resumed" | null = source;
      return token + from;
    } catch (error) {
      if (error instanceof VoicemintError) return error.code;
      throw error;
    }
  }
`;

for (const module of ['node16', 'nodenext']) {
  test(`TypeScript with module ${module} finds the types for import and for require`, async () => {
    const imports = 'import { createTokenSource, VoicemintError, type TokenSource } from "voicemint";';
    const required = 'import client = require("voicemint");\nimport type { TokenSource } from "voicemint";\nconst { createTokenSource, VoicemintError } = client;';
    const folder = makeApp(__dirname, {
      'package.json': '{ "private": true, "type": "commonjs" }',
      'tsconfig.json': JSON.stringify({
        compilerOptions: { module, strict: true, exactOptionalPropertyTypes: true, target: 'es2022', lib: ['es2022', 'dom'], types: [], outDir: 'out', rootDir: '.', skipLibCheck: false },
        include: ['*.mts', '*.cts', '*.ts'],
      }),
      'imported.mts': imports + USE,
      'imported.ts': imports + USE,
      'required.cts': required + USE,
    });
    await installClient(folder);
    const { status, text } = run(folder, 'typescript/bin/tsc', '-p', '.');
    assert.equal(status, 0, text);
    for (const name of ['imported.mjs', 'imported.js', 'required.cjs']) {
      const call = `import(${JSON.stringify(`./out/${name}`)}).then(({ use }) => use()).then(console.log)`;
      const { stdout, stderr } = spawnSync(process.execPath, ['-e', call], { cwd: folder, encoding: 'utf8' });
      // In Node.js, a relative URL is invalid.
      assert.equal(stdout, 'network_error\n', `${name}: ${stderr}`);
    }
  });
}

for (const module of ['esnext', 'preserve']) {
  test(`TypeScript with module ${module}, as bundlers use it, finds the types`, async () => {
    const compilerOptions = { module, moduleResolution: 'bundler', strict: true, target: 'es2022', lib: ['es2022', 'dom'], types: [], noEmit: true };
    const folder = makeApp(__dirname, {
      'tsconfig.json': JSON.stringify({ compilerOptions, include: ['*.ts'] }),
      'imported.ts': `import { createTokenSource, VoicemintError, type TokenSource } from "voicemint";${USE}`,
    });
    await installClient(folder);
    const { status, text } = run(folder, 'typescript/bin/tsc', '-p', '.');
    assert.equal(status, 0, text);
  });
}
