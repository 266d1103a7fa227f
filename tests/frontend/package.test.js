// A project that has installed the packed client: in Node.js, TypeScript, Jest, Vite and Metro, each
// with every subpath.

const assert = require('node:assert/strict');
const { execFileSync, spawnSync } = require('node:child_process');
const { existsSync, readdirSync } = require('node:fs');
const { join } = require('node:path');
const { before, test } = require('node:test');

const { ROOT, makeApp } = require('./app');

const FUNCTIONS = join(ROOT, 'functions');
const PROVIDERS = readdirSync(FUNCTIONS).filter((name) => existsSync(join(FUNCTIONS, name, 'client.js')));
const SUBPATHS = ['voicemint', 'voicemint/playback', 'voicemint/microphone', ...PROVIDERS.map((name) => `voicemint/${name}`)];

/** A source whose socket answers like Cartesia's, for the code of the tests. */
const SOURCE = `
  class Speaking extends EventTarget {
    readyState = 1;
    send() {
      for (const message of [{ type: "chunk", data: "AQID" }, { type: "done" }]) {
        setTimeout(() => this.dispatchEvent(Object.assign(new Event("message"), { data: JSON.stringify(message) })));
      }
    }
    close() {}
  }
  const source = { connect: async (name) => (name === "tts" ? new Speaking() : undefined) };
  const received = [];
  const onAudio = (samples, rate) => received.push(...samples, rate);
`;

/** What an app makes of the subpaths in TypeScript, with calls that must not compile. */
const USE = `
  declare const speech: Source<"tts">;
  declare const microphoneOrFile: AsyncIterable<Int16Array>;
  export async function use(signal: AbortSignal | undefined): Promise<void> {
    const player = createPlayer(24000);
    await cartesia.speak(speech, "Hello", { onAudio: player.play, signal, language: undefined, max_buffer_delay_ms: 0 });
    await soniox.listen({ connect: async () => new WebSocket("wss://a.example") }, microphoneOrFile, { onText: (text, isFinal) => console.log(text.trim(), !isFinal) });
    const microphone = await fromMicrophone(24000, { signal, worklet: undefined });
    await openai.converse({ connect: async () => new WebSocket("wss://a.example") }, microphone, { onUser: undefined, onInterrupt: player.stop });
    await player.finish(signal);
    await cartesia.speak(createTokenSource("/cartesia/token", { ask: { grants: { tts: true } } }), "Hello");
    // @ts-expect-error a source of another provider
    await cartesia.speak(createTokenSource("/elevenlabs/token"), "Hello");
    // @ts-expect-error a misspelt callback
    await cartesia.speak(speech, "Hello", { onAudoi: player.play });
    // @ts-expect-error another function's callback
    await cartesia.speak(speech, "Hello", { onText: () => {} });
    // @ts-expect-error the source of another socket
    await cartesia.listen(speech, microphone);
    // @ts-expect-error Gemini does not transcribe
    await gemini.listen(speech, microphone);
    // @ts-expect-error the rate is a number
    await fromMicrophone("24000");
  }
  interface Source<Name> { connect(name: Name, options?: { query?: object | undefined; signal?: AbortSignal | undefined }): Promise<WebSocket> }
  console.log([cartesia, openai, gemini, soniox].every((each) => Object.keys(each).length > 0), typeof createPlayer, typeof createTokenSource);
`;

const NAMESPACES = ['cartesia', 'gemini', 'openai', 'soniox'];
const IMPORTED = `
  import { createTokenSource } from "voicemint";
  import { createPlayer } from "voicemint/playback";
  import { fromMicrophone } from "voicemint/microphone";
  ${NAMESPACES.map((name) => `import * as ${name} from "voicemint/${name}";`).join('\n')}
`;
const REQUIRED = `
  import client = require("voicemint");
  import playback = require("voicemint/playback");
  import microphones = require("voicemint/microphone");
  ${NAMESPACES.map((name) => `import ${name} = require("voicemint/${name}");`).join('\n')}
  const { createTokenSource } = client;
  const { createPlayer } = playback;
  const { fromMicrophone } = microphones;
`;

const TYPESCRIPT = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, target: 'es2022', lib: ['es2023', 'dom'], types: [], rootDir: '.', outDir: 'out' };

let folder;
before(async () => {
  folder = makeApp(__dirname, {
    'all.mjs': `${SUBPATHS.map((name, at) => `import * as m${at} from "${name}";`).join('\n')}
      console.log(JSON.stringify([${SUBPATHS.map((_, at) => `Object.keys(m${at}).sort()`)}]));`,
    'all.cjs': `console.log(JSON.stringify(${JSON.stringify(SUBPATHS)}.map((name) => Object.keys(require(name)).sort())));`,
    'speaks.mjs': `import { speak } from "voicemint/cartesia";${SOURCE}
      await speak(source, "hi", { onAudio });
      console.log(received.join());`,
    'package.test.js': `${SOURCE}
      test("the modules load, and one speaks", async () => {
        for (const name of ${JSON.stringify(SUBPATHS)}) expect(Object.keys(require(name)).length).toBeGreaterThan(0);
        await require("voicemint/cartesia").speak(source, "hi", { onAudio });
        expect(received).toEqual([1, 2, 3, 24000]);
      });`,
    'node/tsconfig.json': JSON.stringify({ compilerOptions: { ...TYPESCRIPT, module: 'nodenext' }, include: ['*.mts', '*.cts'] }),
    'node/imported.mts': IMPORTED + USE,
    'node/required.cts': REQUIRED + USE,
    'bundler/tsconfig.json': JSON.stringify({ compilerOptions: { ...TYPESCRIPT, module: 'preserve', moduleResolution: 'bundler', noEmit: true }, include: ['*.ts'] }),
    'bundler/imported.ts': IMPORTED + USE,
    'speaks.js': 'import { speak } from "voicemint/cartesia"; window.speak = speak;',
    'records.js': 'import { fromMicrophone } from "voicemint/microphone"; window.fromMicrophone = fromMicrophone;',
    'everything.js': `${SUBPATHS.map((name, at) => `import * as m${at} from "${name}";`).join('\n')}
      globalThis.all = [${SUBPATHS.map((_, at) => `m${at}`)}];`,
    'required.js': `globalThis.all = [${SUBPATHS.map((name) => `require("${name}")`)}];`,
  });
  const npm = (...details) => execFileSync('npm', details, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
  const [{ filename }] = JSON.parse(npm('pack', join(ROOT, 'web'), '--json', '--ignore-scripts'));
  npm('install', `./${filename}`, '--offline', '--no-audit', '--no-fund');
});

const node = (...details) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, details, { cwd: folder, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });
  assert.equal(status, 0, stdout + stderr);
  return stdout + stderr;
};
const tool = (path, ...details) => node(join(__dirname, 'node_modules', path), ...details);

test('Node.js imports and requires each subpath, with the same exports', () => {
  const [imported, required] = ['all.mjs', 'all.cjs'].map((name) => JSON.parse(node(name)));
  assert.deepEqual(imported, required);
  const exported = Object.fromEntries(SUBPATHS.map((name, at) => [name, imported[at]]));
  assert.deepEqual(exported['voicemint/playback'], ['createPlayer']);
  assert.deepEqual(exported['voicemint/openai'], ['converse', 'listen', 'translate']);
  assert.equal(node('speaks.mjs'), '1,2,3,24000\n');
});

test('TypeScript finds the types of each subpath for import and for require, and refuses wrong calls', () => {
  tool('typescript/bin/tsc', '-p', 'node');
  for (const name of ['imported.mjs', 'required.cjs']) assert.equal(node(`node/out/${name}`), 'true function function\n');
});

test('TypeScript finds the types as bundlers resolve modules', () => tool('typescript/bin/tsc', '-p', 'bundler'));

test('Jest requires each subpath', () => {
  const text = tool('jest/bin/jest.js', '--rootDir', folder, '--cacheDirectory', join(folder, '.cache'), 'package.test.js');
  assert.match(text, /Tests: +1 passed, 1 total/);
});

/** The code of a production build, as Vite writes it by default. */
async function bundle(name) {
  const { build } = await import('vite');
  const rollupOptions = { input: join(folder, name) };
  const { output } = await build({ root: folder, configFile: false, logLevel: 'error', build: { write: false, rollupOptions } });
  assert.equal(output.length, 1);
  return output[0].code;
}

/** A text that only this part of the package has. */
const MARKS = {
  'Cartesia speaks': 'sonic-3.5',
  'Cartesia listens': 'ink-2',
  'Deepgram speaks': 'aura-2-thalia-en',
  'ElevenLabs listens': 'scribe_v2_realtime',
  'OpenAI converses': 'response.output_audio.delta',
  'Gemini converses': 'setupComplete',
  'the player': 'AudioBufferSourceNode',
  'the microphone': 'registerProcessor',
  'the client': 'unexpected_answer',
};

for (const [name, expected] of [
  ['speaks.js', ['Cartesia speaks']],
  ['records.js', ['the microphone']],
  ['everything.js', Object.keys(MARKS)],
]) {
  test(`Vite's build of ${name} has only what it uses`, async () => {
    const code = await bundle(name);
    const found = Object.entries(MARKS).filter(([, mark]) => code.includes(mark)).map(([part]) => part);
    assert.deepEqual(found, expected);
    if (name === 'speaks.js') assert.ok(code.length < 3000, `${code.length} bytes`);
  });
}

test('Metro resolves each subpath for import and for require, and transforms its modules', async () => {
  const { buildGraph } = require('metro');
  const { getDefaultConfig, mergeConfig } = require('metro-config');
  const config = mergeConfig(await getDefaultConfig(folder), {
    projectRoot: folder,
    watchFolders: [folder, join(__dirname, 'node_modules')],
    reporter: { update() {} },
    cacheStores: [],
    maxWorkers: 1,
    resolver: { useWatchman: false },
    transformer: { getTransformOptions: async () => ({ transform: { experimentalImportSupport: true } }) },
  });
  const entries = ['everything.js', 'required.js'].map((name) => join(folder, name));
  const { dependencies } = await buildGraph(config, { entries, platform: 'ios', dev: false });
  const installed = join(folder, 'node_modules', 'voicemint');
  const found = [...dependencies.keys()].filter((path) => path.startsWith(installed)).map((path) => path.slice(installed.length + 1));
  const modules = [...['base64', 'capture', 'microphone', 'playback', 'socket', 'voicemint', 'worklet-text'], ...PROVIDERS.map((name) => `providers/${name}`)];
  assert.deepEqual(found.sort(), modules.flatMap((name) => [`${name}.cjs`, `${name}.js`]).sort());
});
