// The client's types: the snippets of web/README.md, and what must and must not compile. tests/sdks
// runs the snippets.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { mkdirSync, readFileSync, symlinkSync } = require('node:fs');
const { join } = require('node:path');
const { test } = require('node:test');

const { ROOT, makeApp } = require('./app');

const README = readFileSync(join(ROOT, 'web', 'README.md'), 'utf8');
const SNIPPETS = [...README.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code);

/** What the snippets expect from the app. */
const APP = `
  declare function play(samples: Uint8Array, rate?: number): void;
  declare function show(text: string): void;
  declare function sound(): AsyncIterable<Uint8Array<ArrayBuffer>>;
  declare function currentSession(): string | undefined;
  declare function signIn(): Promise<boolean>;
`;

function compiles(folder) {
  const tsc = join(__dirname, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
}

test('each snippet of web/README.md passes strict TypeScript', () => {
  assert.ok(SNIPPETS.length >= 5);
  const compilerOptions = {
    strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, noImplicitReturns: true, noEmit: true,
    target: 'es2024', lib: ['es2024', 'dom', 'dom.iterable'], types: [], module: 'esnext', moduleResolution: 'bundler',
    // The SDKs' types need packages that a page does not have.
    skipLibCheck: true, moduleDetection: 'force', paths: { voicemint: [join(ROOT, 'web', 'voicemint.d.ts')], 'voicemint/*': [join(ROOT, 'web', 'providers', '*.d.ts')] },
  };
  const snippets = Object.fromEntries(SNIPPETS.map((code, at) => [`snippet-${at}.ts`, code]));
  // In the folder that has the SDKs.
  const folder = makeApp(join(ROOT, 'tests', 'sdks'), {
    'app.d.ts': APP,
    'tsconfig.json': JSON.stringify({ compilerOptions, include: ['*.ts'] }),
    ...snippets,
  });
  compiles(folder);
});

/** A line after `// @ts-expect-error` must not compile; tsc reports it if it does. */
const USE = `
  declare const source: TokenSource;
  declare const anywhere: string;
  const signal = new AbortController().signal;
  const onWait = (seconds: number, error: VoicemintError) => console.log(seconds, error.code);
  type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
  const yes = <T extends true>() => {};

  // The provider of a URL.
  yes<Equal<ProviderOf<"/cartesia/token">, "cartesia">>();
  yes<Equal<ProviderOf<"https://voice.example.com/api/elevenlabs-agents/token?profile=a">, "elevenlabs-agents">>();
  yes<Equal<ProviderOf<"/elevenlabs/token">, "elevenlabs">>();
  yes<Equal<ProviderOf<"/notcartesia/token">, Provider>>();
  yes<Equal<ProviderOf<"/cartesia/token/other">, Provider>>();
  yes<Equal<ProviderOf<string>, Provider>>();
  yes<Equal<ProviderOf<URL>, Provider>>();

  // The fields of the request: by the URL's text, by the type argument, of any provider.
  createTokenSource("/cartesia/token", { ask: { grants: { tts: true, stt: undefined }, expires_in: undefined } });
  createTokenSource("https://voice.example.com/cartesia/token", { ask: { grants: { tts: true, agent: null } } });
  createTokenSource<"cartesia">(anywhere, { ask: { grants: { tts: true } } });
  createTokenSource<"soniox">("/voice", { ask: { usage_type: "tts_rt" } });
  createTokenSource(anywhere, { ask: { usage_type: "tts_rt" } });
  createTokenSource(new URL(anywhere), { ask: { ttl_seconds: 60 } });
  createTokenSource("/elevenlabs/token", { ask: { token_type: "tts_websocket", expires_in: 900 } });
  createTokenSource("/elevenlabs-agents/token", { ask: { connection: "webrtc", profile: anywhere } });
  createTokenSource("/livekit/token", { ask: { room_name: "a", participant_name: "Ada" } });
  createTokenSource("/openai/token", { ask: undefined });
  // @ts-expect-error
  createTokenSource("/cartesia/token", { ask: { grantz: { tts: true } } });
  // @ts-expect-error
  createTokenSource<"cartesia">(anywhere, { ask: { grantz: { tts: true } } });
  // @ts-expect-error
  createTokenSource(anywhere, { ask: { grantz: { tts: true } } });
  // @ts-expect-error
  createTokenSource("/cartesia/token", { ask: { grants: { tss: true } } });
  // @ts-expect-error
  createTokenSource("/cartesia/token", { ask: { grants: ["tts"] } });
  // @ts-expect-error
  createTokenSource("/cartesia/token", { ask: { token_type: "realtime_scribe" } });
  // @ts-expect-error
  createTokenSource("/elevenlabs/token", { ask: { token_type: "realtime" } });
  // @ts-expect-error
  createTokenSource("/elevenlabs/token", { ask: { expires_in: 60 } });
  // @ts-expect-error
  createTokenSource("/assemblyai/token", { ask: { product: "agents" } });
  // @ts-expect-error
  createTokenSource("/deepgram/token", { ask: { ttl_seconds: "60" } });
  // @ts-expect-error
  createTokenSource("/deepgram/token", { ask: { ttl_seconds: null } });
  // @ts-expect-error
  createTokenSource("/deepgram/token", { asks: {} });
  // @ts-expect-error
  createTokenSource<"acme">("/acme/token");
  // @ts-expect-error
  createTokenSource("/deepgram/token", { credentials: "included" });

  // Options that are undefined count as absent.
  createTokenSource("/cartesia/token", {
    ask: undefined, credentials: undefined, session: undefined, onUnauthenticated: undefined, onWait: undefined, maxWait: undefined,
    fetch: undefined, WebSocket: undefined,
  });
  createTokenSource("/cartesia/token", { fetch, WebSocket, session: async () => null, onUnauthenticated: () => true, onWait });

  // The names of the sockets, and the options of calls.
  export async function sockets(): Promise<WebSocket> {
    const cartesia = createTokenSource("/cartesia/token");
    await cartesia.getToken();
    await cartesia.getToken({});
    await cartesia.getToken({ signal: undefined, onWait: undefined });
    await cartesia.prefetch({ signal, onWait });
    // @ts-expect-error
    await cartesia.getToken({ onwait: onWait });
    await cartesia.connect("tts");
    await cartesia.connect("stt", { query: { model: "ink-2", sample_rate: 16000, words: true, keyterm: ["a", "b"], other: undefined }, signal, onWait });
    await cartesia.connect("stt", { query: undefined, signal: undefined, onWait: undefined });
    // @ts-expect-error
    await cartesia.connect("agent");
    // @ts-expect-error
    await cartesia.connect("stt", { model: "ink-2" });
    // @ts-expect-error
    await cartesia.connect("stt", { query: { model: { name: "ink-2" } } });
    // @ts-expect-error
    await cartesia.connect("stt", { query: new URLSearchParams() });
    await createTokenSource("/elevenlabs/token").connect("tts_websocket", { query: { voice_id: anywhere } });
    await createTokenSource("/openai/token").connect("translation");
    await createTokenSource("/assemblyai/token").connect("agent");
    await createTokenSource<"deepgram">(anywhere).connect("speak");
    // @ts-expect-error
    await createTokenSource<"deepgram">(anywhere).connect("speech");
    // @ts-expect-error
    await createTokenSource("/livekit/token").connect("room");
    await createTokenSource(anywhere).connect("live");
    // @ts-expect-error
    await createTokenSource(anywhere).connect("lives");
    const named: SocketName<"gemini"> = "live";
    return createTokenSource("/gemini/token").connect(named);
  }

  // A token of one provider, and of any.
  export async function tokens(): Promise<string | undefined> {
    const gemini = await createTokenSource("/gemini/token").getToken();
    yes<Equal<typeof gemini.provider, "gemini">>();
    yes<Equal<typeof gemini.single_use, true>>();
    const until: string = gemini.session_expires_at;
    const profile: string = gemini.profile;
    const url: string | undefined = gemini.connect?.live?.url;
    // @ts-expect-error
    gemini.connect?.tts;
    // @ts-expect-error
    gemini.token = "changed";
    const { server_url, participant_token } = await createTokenSource("/livekit/token").getToken();
    const server: [string, string] = [server_url, participant_token];
    const agent: Token<"elevenlabs-agents"> = await createTokenSource("/elevenlabs-agents/token").getToken();
    const room: string | undefined = agent.livekit_url;
    const any: Token = await source.getToken();
    if (any.provider === "livekit") return any.server_url;
    const rest: (string | undefined)[] = [any.profile, any.conversation_id, any.livekit_url, any.server_url, any.participant_token, any.session_expires_at];
    // @ts-expect-error
    any.conversation;
    const from: "minted" | "resumed" | null = any.source;
    console.log(until, profile, url, server, room, rest, any.locked, from);
    return any.connect?.[("tts" as string) as never];
  }

  // A source of one provider is one of any.
  const widened: TokenSource = createTokenSource("/cartesia/token");
  const annotated: TokenSourceOptions = { ask: { grants: { tts: true } } };
  const asked: Ask<"cartesia"> = { grants: { tts: true } };
  createTokenSource("/cartesia/token", { ask: asked });
  createTokenSource(anywhere, annotated);
  console.log(widened);

  // The codes of errors.
  export function isLimited(error: unknown): boolean {
    if (!(error instanceof VoicemintError)) return false;
    const known: ErrorCode = error.code;
    // @ts-expect-error
    if (error.code === "rate_limit") return true;
    console.log(known, error.retryAfter, error.requestId, error.errors[0]?.field);
    return error.code === "rate_limited" || error.code === "connection_failed" || error.code === "socket_missing" || error.code === "cleared";
  }
  new VoicemintError({ code: "rate_limited", detail: "Too many tokens.", status: undefined, errors: undefined, retryAfter: 7 }, { cause: undefined });
  // @ts-expect-error
  new VoicemintError({ code: "rate_limit", detail: "Too many tokens." });
  // @ts-expect-error
  new VoicemintError({ detail: "Too many tokens." });
`;

const NAMES = 'type Ask, type ErrorCode, type Provider, type ProviderOf, type SocketName, type Token, type TokenSource, type TokenSourceOptions';
const IMPORTED = `import { createTokenSource, VoicemintError, ${NAMES} } from "voicemint";\n`;
const REQUIRED = `import client = require("voicemint");\nimport { ${NAMES} } from "voicemint";\nconst { createTokenSource, VoicemintError } = client;
type VoicemintError = client.VoicemintError;\n`;

for (const [module, moduleResolution, files] of [
  ['nodenext', 'nodenext', { 'imported.mts': IMPORTED + USE, 'imported.cts': IMPORTED + USE, 'required.cts': REQUIRED + USE }],
  ['esnext', 'bundler', { 'imported.ts': IMPORTED + USE }],
]) {
  test(`fields, sockets, members and codes are checked per provider, with moduleResolution ${moduleResolution}`, () => {
    const compilerOptions = {
      strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noEmit: true, skipLibCheck: false,
      target: 'es2022', lib: ['es2022', 'dom', 'dom.iterable'], types: [], module, moduleResolution,
    };
    const folder = makeApp(__dirname, { ...files, 'tsconfig.json': JSON.stringify({ compilerOptions, include: Object.keys(files) }) });
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(join(ROOT, 'web'), join(folder, 'node_modules', 'voicemint'));
    compiles(folder);
  });
}

/** The options of the providers' functions. */
const EXCHANGES = `
  import { createTokenSource, type TokenSource } from "voicemint";
  import * as assemblyai from "voicemint/assemblyai";
  import * as cartesia from "voicemint/cartesia";
  import * as deepgram from "voicemint/deepgram";
  import * as elevenlabs from "voicemint/elevenlabs";
  import * as agents from "voicemint/elevenlabs-agents";
  import * as soniox from "voicemint/soniox";
  declare const audio: AsyncIterable<Int16Array>;
  declare const texts: readonly string[];
  const [aa, ca, dg, el, ea, so] = [
    createTokenSource("/assemblyai/token"), createTokenSource("/cartesia/token"), createTokenSource("/deepgram/token"),
    createTokenSource("/elevenlabs/token"), createTokenSource("/elevenlabs-agents/token"), createTokenSource("/soniox/token"),
  ];

  // Parameters without an underscore, by the providers' names; those with one are free.
  soniox.listen(so, audio, { translation: { type: "one_way", target_language: "es" }, context: { general: [] }, new_one: 1 });
  soniox.speak(so, "x", { speed: 1.1 });
  deepgram.listen(dg, audio, { diarize: true, keyterm: texts, version: "latest", redact: "pci", numerals: true, tag: "a", new_one: 1 });
  deepgram.speak(dg, "x", { speed: 1.1 });
  elevenlabs.speak(el, "x", { seed: 1, voice_settings: { speed: 1.1 } });
  elevenlabs.listen(el, audio, { keyterms: texts });
  assemblyai.listen(aa, audio, { prompt: "x", domain: "medical-v1", mode: "balanced" });
  cartesia.speak(ca, "x", { speed: "fast", generation_config: { volume: 1, speed: undefined } });

  // Callbacks and parameters that are misspelt.
  // @ts-expect-error
  cartesia.speak(ca, "x", { onaudio: () => {} });
  // @ts-expect-error
  cartesia.speak(ca, "x", { on_audio: () => {} });
  // @ts-expect-error
  cartesia.listen(ca, audio, { onTexts: () => {} });
  // @ts-expect-error
  deepgram.listen(dg, audio, { diarise: true });
  // @ts-expect-error
  soniox.listen(so, audio, { signals: new AbortController().signal });

  // Options that are undefined count as absent.
  assemblyai.converse(aa, audio, { session: { greeting: undefined, system_prompt: undefined, agent_id: undefined } });
  agents.converse(ea, audio, { dynamic_variables: { a: undefined, b: 1 } });
  cartesia.speak(ca, "x", { onAudio: undefined, signal: undefined, model_id: undefined, voice: undefined, output_format: undefined });
  deepgram.listen(dg, audio, { keyterm: undefined, diarize: undefined, tag: undefined, sample_rate: undefined });

  // What a function sets itself.
  // @ts-expect-error
  assemblyai.listen(aa, audio, { sample_rate: 8000 });
  // @ts-expect-error
  assemblyai.listen(aa, audio, { format_turns: false });
  // @ts-expect-error
  cartesia.listen(ca, audio, { sample_rate: 8000 });
  // @ts-expect-error
  cartesia.listen(ca, audio, { encoding: "pcm_mulaw" });
  // @ts-expect-error
  cartesia.speak(ca, "x", { output_format: { container: "mp3" } });
  // @ts-expect-error
  deepgram.listen(dg, audio, { sample_rate: 8000 });
  // @ts-expect-error
  deepgram.speak(dg, "x", { encoding: "opus" });
  // @ts-expect-error
  elevenlabs.speak(el, "x", { output_format: "mp3_44100_128" });
  // @ts-expect-error
  elevenlabs.listen(el, audio, { audio_format: "pcm_8000" });
  // @ts-expect-error
  agents.converse(ea, audio, { type: "x" });
  // @ts-expect-error
  soniox.listen(so, audio, { num_channels: 2 });
  // @ts-expect-error
  soniox.speak(so, "x", { sample_rate: 8000 });

  // The sockets of another provider.
  // @ts-expect-error
  assemblyai.converse(ca, audio);
  // @ts-expect-error
  cartesia.speak(dg, "x");
  // @ts-expect-error
  cartesia.speak(createTokenSource("/livekit/token"), "x");

  // A source whose provider is not known.
  export const say = (source: TokenSource) => cartesia.speak(source, "x");
`;

test("the providers' functions take their parameters, and nothing that is misspelt or that they set themselves", () => {
  const compilerOptions = {
    strict: true, exactOptionalPropertyTypes: true, noEmit: true, skipLibCheck: false,
    target: 'es2022', lib: ['es2022', 'dom', 'dom.iterable'], types: [], module: 'nodenext', moduleResolution: 'nodenext',
  };
  const files = { 'exchanges.mts': EXCHANGES, 'exchanges.cts': EXCHANGES };
  const folder = makeApp(__dirname, { ...files, 'tsconfig.json': JSON.stringify({ compilerOptions, include: Object.keys(files) }) });
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(join(ROOT, 'web'), join(folder, 'node_modules', 'voicemint'));
  compiles(folder);
});

test('the codes of the types are those of the endpoint and of the client', () => {
  const types = readFileSync(join(ROOT, 'web', 'voicemint.d.ts'), 'utf8');
  const codesOf = (name) => [...new RegExp(`type ${name} =\\n(.*?);`, 's').exec(types)[1].matchAll(/"(\w+)"/g)].map(([, code]) => code).sort();
  const problems = readFileSync(join(ROOT, 'shared', 'src', 'problem.rs'), 'utf8');
  const served = [...problems.matchAll(/StatusCode::[A-Z_]+,\s*"([a-z_]+)"/g)].map(([, code]) => code);
  assert.ok(served.includes('session_missing'));
  assert.deepEqual(codesOf('EndpointErrorCode'), served.sort());
  const client = readFileSync(join(ROOT, 'web', 'voicemint.js'), 'utf8');
  const own = [...client.matchAll(/code: "(\w+)"/g)].map(([, code]) => code);
  assert.deepEqual(codesOf('ErrorCode'), [...new Set(own)].sort());
});
