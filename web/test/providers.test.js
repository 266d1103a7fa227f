import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import * as assemblyai from "../../functions/assemblyai/client.js";
import * as cartesia from "../../functions/cartesia/client.js";
import * as deepgram from "../../functions/deepgram/client.js";
import * as elevenlabs from "../../functions/elevenlabs/client.js";
import * as soniox from "../../functions/soniox/client.js";
import * as openai from "../../functions/openai/client.js";
import * as gemini from "../../functions/gemini/client.js";
import { modes, rates } from "../../functions/assemblyai/page.js";
import { sourceOf } from "../page/source.js";

/** A scripted provider that replaces WebSocket. */
function provider(t, reply) {
  const recorded = { sent: [], closed: false, late: 0 };
  const before = globalThis.WebSocket;
  t.after(() => { globalThis.WebSocket = before; });
  globalThis.WebSocket = class WebSocket extends EventTarget {
    static OPEN = 1;
    readyState = 0;

    constructor(url, protocols) {
      super();
      recorded.url = url;
      recorded.protocols = protocols;
      setImmediate(() => {
        if (recorded.closed) return;
        this.readyState = WebSocket.OPEN;
        this.dispatchEvent(new Event("open"));
        this.respond("open");
      });
    }

    send(message) {
      // A browser drops such a message and logs an error.
      if (this.readyState !== WebSocket.OPEN) recorded.late += 1;
      recorded.sent.push(typeof message === "string" ? message : message.length);
      this.respond(recorded.sent.at(-1));
    }

    respond(to) {
      for (const frame of reply(to) || []) {
        const isClose = typeof frame.code === "number";
        const event = isClose ? Object.assign(new Event("close"), frame) : new MessageEvent("message", { data: frame instanceof ArrayBuffer ? frame : JSON.stringify(frame) });
        setImmediate(() => {
          if (isClose) this.readyState = 3;
          this.dispatchEvent(event);
        });
      }
    }

    close() {
      recorded.closed = true;
      this.readyState = 2;
    }
  };
  return recorded;
}

const entry = (path) => ({ url: `wss://api.example.com${path}`, protocols: [] });

/** A source that opens everything. */
const SOURCE = sourceOf({
  connect: {
    tts: entry("/tts/websocket?cartesia_version=2026-03-01&access_token=t-1"),
    stt: entry("/stt/websocket?cartesia_version=2026-03-01&access_token=t-1"),
    tts_websocket: entry("/v1/text-to-speech/{voice_id}/stream-input?single_use_token=t-1"),
    realtime_scribe: entry("/v1/speech-to-text/realtime?token=t-1"),
    streaming: entry("/v3/ws?token=t-1"),
    listen: { ...entry("/v1/listen"), protocols: ["bearer", "t-1"] },
    speak: { ...entry("/v1/speak"), protocols: ["bearer", "t-1"] },
    agent: { ...entry("/v1/agent/converse"), protocols: ["bearer", "t-1"] },
    transcribe_websocket: { ...entry("/transcribe-websocket"), protocols: ["soniox-api-key", "t-1"] },
    tts_rt: { ...entry("/tts-websocket"), protocols: ["soniox-api-key", "t-1"] },
    live: entry("/ws/live?access_token=auth_tokens/t-1"),
  },
});

async function* audio() {
  yield new Int16Array(1600);
  await new Promise((resolve) => { setTimeout(resolve, 20); });
  yield new Int16Array(1600);
}

test("Cartesia speaks a text, and the audio arrives as bytes", async (t) => {
  const recorded = provider(t, (to) => to !== "open" && [{ type: "chunk", data: "AQID" }, { type: "done", done: true }]);
  const received = [];
  await cartesia.speak(SOURCE, "hi", { onAudio: (bytes) => received.push(...bytes) });
  assert.deepEqual(received, [1, 2, 3]);
  assert.equal(recorded.url, "wss://api.example.com/tts/websocket?cartesia_version=2026-03-01&access_token=t-1");
  const { transcript, output_format } = JSON.parse(recorded.sent[0]);
  assert.deepEqual([transcript, output_format.sample_rate], ["hi", 24000]);
  assert.ok(recorded.closed);
});

test("Cartesia transcribes until the end of the audio", async (t) => {
  const recorded = provider(t, (to) => ({
    1600: [{ type: "transcript", text: "he", is_final: false }],
    finalize: [{ type: "transcript", text: "Hello.", is_final: true }, { type: "flush_done" }],
    close: [{ type: "done" }],
  })[to]);
  const texts = [];
  await cartesia.listen(SOURCE, audio(), { onText: (...text) => texts.push(text) });
  assert.deepEqual(recorded.sent, [1600, 1600, "finalize", "close"]);
  assert.deepEqual(texts, [["he", false], ["he", false], ["Hello.", true]]);
  assert.match(recorded.url, /\/stt\/websocket\?.*access_token=t-1&model=ink-2&encoding=pcm_s16le&sample_rate=16000$/);
});

test("ElevenLabs speaks a text between a space and an empty text", async (t) => {
  const recorded = provider(t, (to) => to === '{"text":""}' && [{ audio: "AQID" }, { audio: null, isFinal: true }]);
  const received = [];
  await elevenlabs.speak(SOURCE, "hi", { onAudio: (bytes) => received.push(...bytes) });
  assert.deepEqual(recorded.sent, ['{"text":" "}', '{"text":"hi "}', '{"text":""}']);
  assert.deepEqual(received, [1, 2, 3]);
  assert.match(recorded.url, /\/v1\/text-to-speech\/\w+\/stream-input\?single_use_token=t-1&model_id=\w+&output_format=pcm_24000$/);
});

for (const hasSpoken of [true, false]) {
  test(`ElevenLabs transcribes ${hasSpoken ? "speech" : "silence"} after its session has started, until the last commit`, async (t) => {
    const recorded = provider(t, (to) => {
      if (to === "open") return [{ message_type: "session_started" }];
      if (JSON.parse(to).commit) return [{ message_type: "committed_transcript", text: hasSpoken ? "Hello." : "" }];
      if (recorded.sent.length === 1) return [{ message_type: "committed_transcript", text: "By itself." }];
      return [{ message_type: "partial_transcript", text: "he" }];
    });
    const texts = [];
    await elevenlabs.listen(SOURCE, audio(), { onText: (...text) => texts.push(text) });
    assert.deepEqual(recorded.sent.map((text) => JSON.parse(text).audio_base_64.length), [4268, 4268, 0]);
    assert.deepEqual(texts, [["By itself.", true], ["he", false], hasSpoken ? ["Hello.", true] : ["", false]]);
  });
}

test("AssemblyAI transcribes after Begin, and a turn is final when it is formatted", async (t) => {
  const recorded = provider(t, (to) => ({
    open: [{ type: "Begin" }],
    1600: [{ type: "Turn", transcript: "hello", end_of_turn: true, turn_is_formatted: false }],
    '{"type":"Terminate"}': [
      { type: "Turn", transcript: "Hello.", end_of_turn: true, turn_is_formatted: true },
      { type: "Termination" },
    ],
  })[to]);
  const texts = [];
  await assemblyai.listen(SOURCE, audio(), { onText: (...text) => texts.push(text) });
  assert.equal(recorded.sent.at(-1), '{"type":"Terminate"}');
  assert.deepEqual(texts.map(([, final]) => final), [false, false, true]);
  assert.equal(recorded.url, "wss://api.example.com/v3/ws?token=t-1&sample_rate=16000&format_turns=true");
});

test("Deepgram speaks a text until it is flushed", async (t) => {
  const bytes = new Uint8Array([1, 2, 3]).buffer;
  const recorded = provider(t, (to) => to === '{"type":"Flush"}' && [bytes, { type: "Flushed", sequence_id: 0 }]);
  const received = [];
  await deepgram.speak(SOURCE, "hi", { onAudio: (chunk) => received.push(...chunk) });
  assert.deepEqual(received, [1, 2, 3]);
  assert.deepEqual(recorded.sent, ['{"type":"Speak","text":"hi"}', '{"type":"Flush"}']);
  assert.equal(recorded.url, "wss://api.example.com/v1/speak?model=aura-2-thalia-en&encoding=linear16&sample_rate=24000");
  assert.deepEqual(recorded.protocols, ["bearer", "t-1"]);
});

test("Deepgram transcribes until its metadata", async (t) => {
  const results = (transcript, isFinal) => ({ type: "Results", is_final: isFinal, channel: { alternatives: [{ transcript }] } });
  const recorded = provider(t, (to) => ({
    1600: [results("he", false)],
    '{"type":"CloseStream"}': [results("Hello.", true), results("", true), { type: "Metadata" }],
  })[to]);
  const texts = [];
  await deepgram.listen(SOURCE, audio(), { onText: (...text) => texts.push(text) });
  assert.deepEqual(recorded.sent, [1600, 1600, '{"type":"CloseStream"}']);
  // A pause is no text.
  assert.deepEqual(texts, [["he", false], ["he", false], ["Hello.", true], ["", false]]);
});

test("Deepgram converses until the answer to the last turn is complete", async (t) => {
  const said = (role, content) => ({ type: "ConversationText", role, content });
  let turns = 0;
  const recorded = provider(t, (to) => {
    if (to === "open") return [{ type: "Welcome" }];
    if (to !== 1600) return [{ type: "SettingsApplied" }, said("assistant", "Hello!"), { type: "AgentAudioDone" }];
    turns += 1;
    const start = [{ type: "UserStartedSpeaking" }, said("user", `Turn ${turns}.`), said("assistant", "Yes.")];
    return [...start, new Uint8Array([turns]).buffer, { type: "AgentAudioDone" }];
  });
  const events = [];
  const record = (name) => (...details) => events.push([name, ...details]);
  await deepgram.converse(SOURCE, audio(), {
    onUser: record("user"), onAgent: record("agent"), onAudio: ([byte]) => events.push(["audio", byte]), onInterrupt: record("interrupt"),
  });
  const turn = (number) => [["interrupt"], ["user", `Turn ${number}.`, true], ["agent", "Yes.", true], ["audio", number]];
  assert.deepEqual(events, [["agent", "Hello!", true], ...turn(1), ...turn(2)]);
  const [settings, ...rest] = recorded.sent;
  assert.deepEqual(JSON.parse(settings).audio.input, { encoding: "linear16", sample_rate: 16000 });
  assert.deepEqual(rest, [1600, 1600]);
  assert.ok(recorded.closed);
});

test("Deepgram's agent is kept alive while nobody speaks", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const recorded = provider(t, (to) => to === "open" && [{ type: "Welcome" }]);
  const controller = new AbortController();
  const call = deepgram.converse(SOURCE, audio(), { signal: controller.signal });
  while (recorded.sent.length < 1) await sleep(1);
  t.mock.timers.tick(10_000);
  assert.deepEqual(recorded.sent.slice(1), ['{"type":"KeepAlive"}', '{"type":"KeepAlive"}']);
  controller.abort();
  await assert.rejects(call, { name: "AbortError" });
  t.mock.timers.tick(10_000);
  assert.equal(recorded.late, 0);
  assert.equal(recorded.sent.length, 3);
});

/** The callbacks of a conversation, which record their arguments. */
function dialogue() {
  const said = [];
  const record = (name) => (...details) => said.push([name, ...details]);
  return {
    said,
    callbacks: {
      onUser: record("user"),
      onAgent: record("agent"),
      onAudio: (bytes) => said.push(["audio", ...bytes]),
      onInterrupt: record("interrupt"),
    },
  };
}

test("AssemblyAI's product decides what a token is used for, and at which sample rates", () => {
  const use = (product) => [modes({ product }), rates({ product })];
  assert.deepEqual(use("streaming"), [["listen"], { input: 16000 }]);
  assert.deepEqual(use("agent"), [["converse"], { input: 24000, output: 24000 }]);
});

test("AssemblyAI's agent is configured, hears audio when the session is ready, and its answer ends the session", async (t) => {
  const recorded = provider(t, (to) => {
    if (to === "open") return [];
    return {
      "session.update": [{ type: "session.ready", session_id: "s" }, { type: "reply.started" }, { type: "reply.done", status: "completed" }],
      "input.audio": recorded.sent.length < 3 ? [] : [
        { type: "input.speech.started" },
        { type: "transcript.user.delta", text: "He" },
        { type: "reply.done", status: "completed" },
        { type: "transcript.user", text: "Hello." },
        { type: "reply.started" },
        { type: "reply.audio", data: "AQID" },
        { type: "transcript.agent", text: "Yes?", interrupted: false },
        { type: "reply.done", status: "completed" },
      ],
      "session.end": [{ type: "session.ended" }],
    }[JSON.parse(to).type];
  });
  const { said, callbacks } = dialogue();
  await assemblyai.converse(AGENT, audio(), callbacks);
  const sent = recorded.sent.map((text) => JSON.parse(text));
  assert.deepEqual(sent.map(({ type }) => type), ["session.update", "input.audio", "input.audio", "session.end"]);
  assert.ok(sent[0].session.system_prompt && sent[0].session.greeting);
  assert.equal(sent[1].audio.length, 4268);
  assert.deepEqual(said, [["user", "He", false], ["user", "Hello.", true], ["audio", 1, 2, 3], ["agent", "Yes?", true]]);
  assert.equal(recorded.url, "wss://api.example.com/v1/ws?token=t-1");
  assert.ok(recorded.closed);
});

/** The source of AssemblyAI's agents. */
const AGENT = sourceOf({ connect: { agent: entry("/v1/ws?token=t-1") } });

/** An agent that sends these frames when it is configured, and nothing else. */
const agent = (...frames) => (to) => to !== "open" && JSON.parse(to).type === "session.update" && frames;

test("AssemblyAI's agent is interrupted, and an abort ends its session", async (t) => {
  const recorded = provider(t, agent({ type: "session.ready" }, { type: "reply.done", status: "interrupted" }));
  const controller = new AbortController();
  const { said, callbacks } = dialogue();
  const { audio: microphone } = endless();
  const call = assemblyai.converse(AGENT, microphone, { ...callbacks, signal: controller.signal });
  while (said.length === 0) await sleep(1);
  assert.deepEqual(said, [["interrupt"]]);
  controller.abort();
  await assert.rejects(call, { name: "AbortError" });
  assert.equal(recorded.sent.at(-1), '{"type":"session.end"}');
  assert.equal(recorded.late, 0);
});

for (const [what, microphone, callbacks] of [
  ["the audio", (async function* () { yield new Int16Array(1600); throw new Error("broken"); })(), {}],
  ["a callback", [new Int16Array(1600)], { onAudio: () => { throw new Error("broken"); } }],
]) {
  test(`an error of ${what} ends the session of AssemblyAI's agent`, async (t) => {
    const recorded = provider(t, agent({ type: "session.ready" }, { type: "reply.audio", data: "AQID" }));
    await assert.rejects(assemblyai.converse(AGENT, microphone, callbacks), /broken/);
    assert.equal(recorded.sent.at(-1), '{"type":"session.end"}');
    assert.ok(recorded.closed);
  });
}

test("the limit of a session of AssemblyAI's agent is no error", async (t) => {
  provider(t, agent({ type: "session.ready" }, { type: "session.ended" }));
  const { consumed, audio: microphone } = endless();
  await assemblyai.converse(AGENT, microphone, dialogue().callbacks);
  await sleep(20);
  assert.ok(consumed.ended, "the audio is released");
});

test("Soniox speaks a text as one stream", async (t) => {
  const recorded = provider(t, (to) => to !== "open" && JSON.parse(to).text_end && [
    { audio: "AQID", stream_id: "page" },
    { audio: "", audio_end: true, stream_id: "page" },
    { terminated: true, stream_id: "page" },
  ]);
  const received = [];
  await soniox.speak(SOURCE, "hi", { onAudio: (bytes) => received.push(...bytes) });
  assert.deepEqual(received, [1, 2, 3]);
  assert.equal(recorded.url, "wss://api.example.com/tts-websocket");
  assert.deepEqual(recorded.protocols, ["soniox-api-key", "t-1"]);
  const [config, text] = recorded.sent.map((message) => JSON.parse(message));
  assert.deepEqual([config.sample_rate, config.stream_id, "api_key" in config], [24000, text.stream_id, false]);
  assert.ok(recorded.closed);
});

test("Soniox transcribes until the end of the audio, and an utterance ends with its marker", async (t) => {
  const said = (text, is_final) => ({ text, is_final });
  const recorded = provider(t, (to) => {
    if (to === "") return [{ tokens: [said(" Yes", true)] }, { tokens: [], finished: true }];
    if (to !== 1600) return [];
    if (recorded.sent.filter((message) => message === 1600).length === 1) return [{ tokens: [said("Good", true), said(" day", false)] }];
    return [{ tokens: [said(" day.", true), said("<end>", true), said(" Y", false)] }];
  });
  const texts = [];
  await soniox.listen(SOURCE, audio(), { onText: (...text) => texts.push(text) });
  assert.deepEqual(texts, [["Good day", false], ["Good day.", true], ["Y", false], ["Yes", false], ["Yes", true]]);
  assert.deepEqual(recorded.sent.slice(1), [1600, 1600, ""]);
  assert.equal("api_key" in JSON.parse(recorded.sent[0]), false);
  assert.deepEqual(recorded.protocols, ["soniox-api-key", "t-1"]);
});

test("Gemini Live sends an empty setup, and an interruption ends the agent's turn but not the user's", async (t) => {
  const binary = (message) => new TextEncoder().encode(JSON.stringify(message)).buffer;
  const content = (...contents) => contents.map((serverContent) => binary({ serverContent }));
  let chunks = 0;
  const recorded = provider(t, (to) => {
    if (to.includes("setup")) return [binary({ setupComplete: {} })];
    if (to.includes("audioStreamEnd")) {
      return content({ outputTranscription: { text: "Yes?" } }, { generationComplete: true }, { turnComplete: true });
    }
    if (!to.includes("audio/pcm;rate=16000")) return [];
    chunks += 1;
    if (chunks === 1) {
      return [
        ...content({ inputTranscription: { text: "He" } }, { inputTranscription: { text: "llo." } }),
        ...content({ modelTurn: { parts: [{ inlineData: { data: "AQID" } }] }, outputTranscription: { text: "Once " } }),
        ...content({ outputTranscription: { text: "upon" } }),
      ];
    }
    return content({ inputTranscription: { text: "Wait" } }, { interrupted: true }, { turnComplete: true });
  });
  const events = [];
  await gemini.converse(SOURCE, audio(), {
    onUser: (...turn) => events.push(["user", ...turn]),
    onAgent: (...turn) => events.push(["agent", ...turn]),
    onAudio: (bytes) => events.push(["audio", ...bytes]),
    onInterrupt: () => events.push(["interrupt"]),
  });
  assert.equal(recorded.url, "wss://api.example.com/ws/live?access_token=auth_tokens/t-1");
  assert.deepEqual(JSON.parse(recorded.sent[0]), { setup: {} });
  assert.equal(JSON.parse(recorded.sent[1]).realtimeInput.audio.data.length, 4268);
  assert.deepEqual(events, [
    ["user", "He", false],
    ["user", "Hello.", false],
    ["user", "Hello.", true],
    ["audio", 1, 2, 3],
    ["agent", "Once ", false],
    ["agent", "Once upon", false],
    ["user", "Wait", false],
    ["interrupt"],
    ["user", "Wait", true],
    ["agent", "Yes?", false],
    ["agent", "Yes?", true],
  ]);
});

/** Lets an exchange read what was said to it. Returns its state: `"pending"`, `"resolved"` or its error. */
async function stateOf(exchange) {
  let state = "pending";
  exchange.then(() => { state = "resolved"; }, (error) => { state = error.message; });
  for (let turns = 0; turns < 5; turns += 1) await new Promise(setImmediate);
  return state;
}

/** A socket that a test scripts itself. */
function scripted() {
  const sent = [];
  const socket = Object.assign(new EventTarget(), { readyState: 1, send: (text) => sent.push(text), close: () => { socket.readyState = 3; } });
  const say = (message) => socket.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
  return { say, sent, source: { connect: async () => socket } };
}

/** Audio that does not begin. */
const NEVER = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) };

const COMMITTED = (item_id) => ({ type: "input_audio_buffer.committed", item_id });
const COMPLETED = (item_id, transcript) => ({ type: "conversation.item.input_audio_transcription.completed", item_id, transcript });
const NOTHING_LEFT = { type: "error", error: { code: "input_audio_buffer_commit_empty", message: "The buffer is empty." } };

for (const [how, answer, rest] of [
  ["has a turn more", COMMITTED("2"), [COMPLETED("2", "Second.")]],
  ["has nothing more", NOTHING_LEFT, []],
]) {
  test(`OpenAI transcribes until the last commit is answered, which ${how}`, async () => {
    const { say, sent, source } = scripted();
    const texts = [];
    const exchange = openai.listen(source, [new Int16Array(2400)], { onText: (text, isFinal) => isFinal && texts.push(text) });
    await stateOf(exchange);
    say({ type: "session.created" });
    say(COMMITTED("1")); // by turn detection
    await stateOf(exchange);
    assert.deepEqual(sent.map((text) => JSON.parse(text).type), ["input_audio_buffer.append", "input_audio_buffer.commit"]);
    say(COMPLETED("1", "First."));
    assert.equal(await stateOf(exchange), "pending");
    say(answer);
    for (const event of rest) {
      assert.equal(await stateOf(exchange), "pending");
      say(event);
    }
    assert.equal(await stateOf(exchange), "resolved");
    assert.deepEqual(texts, ["First.", ...rest.map(({ transcript }) => transcript)]);
  });
}

test("OpenAI transcribes a turn that is still open when nothing is left", async () => {
  const { say, source } = scripted();
  const exchange = openai.listen(source, [new Int16Array(2400)]);
  await stateOf(exchange);
  say({ type: "session.created" });
  say(COMMITTED("1"));
  await stateOf(exchange);
  say(NOTHING_LEFT);
  assert.equal(await stateOf(exchange), "pending");
  say(COMPLETED("1", "First."));
  assert.equal(await stateOf(exchange), "resolved");
});

test("OpenAI answers what it heard, even if it has no text of it", async () => {
  const { say, source } = scripted();
  const exchange = openai.converse(source, []);
  await stateOf(exchange);
  say({ type: "session.created" });
  await stateOf(exchange);
  say({ type: "input_audio_buffer.speech_started" });
  say({ type: "conversation.item.input_audio_transcription.failed", error: { message: "Not understood." } });
  assert.equal(await stateOf(exchange), "pending");
  say({ type: "response.created" });
  say({ type: "response.done", response: { status: "completed" } });
  assert.equal(await stateOf(exchange), "resolved");
});

for (const [response, state] of [
  [{ status: "failed", status_details: { error: { message: "You exceeded your quota." } } }, /^You exceeded your quota\.$/],
  [{ status: "failed", status_details: null }, /^The model's answer failed\.$/],
  [{ status: "incomplete", status_details: { reason: "content_filter" } }, /^The model's answer is incomplete: content_filter\.$/],
  [{ status: "cancelled", status_details: { reason: "turn_detected" } }, /^pending$/],
  [{ status: "completed" }, /^resolved$/],
]) {
  for (const isOver of [true, false]) {
    test(`OpenAI's answer is ${JSON.stringify(response)} ${isOver ? "after" : "before"} the end of the audio`, async () => {
      const { say, source } = scripted();
      const exchange = openai.converse(source, isOver ? [] : NEVER);
      await stateOf(exchange);
      say({ type: "session.created" });
      await stateOf(exchange);
      say({ type: "input_audio_buffer.speech_started" });
      say({ type: "response.created" });
      // The user's next turn interrupts it.
      if (response.status === "cancelled") say({ type: "input_audio_buffer.speech_started" });
      say({ type: "response.done", response });
      const isResolved = response.status === "completed" && isOver;
      assert.match(await stateOf(exchange), response.status === "completed" && !isResolved ? /^pending$/ : state);
    });
  }
}

test("Deepgram's agent answers what the user said during its greeting", async () => {
  const { say, source } = scripted();
  const said = [];
  const exchange = deepgram.converse(source, [new Int16Array(1600)], { onAgent: (text) => said.push(text) });
  const speak = (content) => say({ type: "ConversationText", role: "assistant", content });
  await stateOf(exchange);
  for (const type of ["Welcome", "SettingsApplied"]) say({ type });
  speak("Hello!");
  say({ type: "UserStartedSpeaking" });
  await stateOf(exchange);
  say({ type: "AgentAudioDone" }); // of the greeting
  say({ type: "ConversationText", role: "user", content: "Good day." });
  assert.equal(await stateOf(exchange), "pending");
  speak("Yes?");
  assert.equal(await stateOf(exchange), "pending");
  say({ type: "AgentAudioDone" });
  assert.equal(await stateOf(exchange), "resolved");
  assert.deepEqual(said, ["Hello!", "Yes?"]);
});

test("an error has the provider's message", async (t) => {
  for (const [use, frame, words] of [
    [cartesia.speak, { type: "error", message: "No such voice." }, /No such voice/],
    [elevenlabs.speak, { error: "invalid", message: "The token was used." }, /token was used/],
    [elevenlabs.listen, { message_type: "auth_error", error: "The token was used." }, /token was used/],
    [assemblyai.listen, { type: "Error", error: "Unauthorized" }, /Unauthorized/],
    [assemblyai.listen, { code: 1008, reason: "Not authorized" }, /Not authorized \(1008\)/],
    [assemblyai.converse, { type: "session.error", code: "unauthorized", message: "The token was used." }, /token was used/],
    [soniox.speak, { error_code: 401, error_message: "Invalid API key." }, /Invalid API key\. \(401\)/],
    [soniox.listen, { error_code: 402, error_message: "No balance.", tokens: [] }, /No balance\. \(402\)/],
    [cartesia.listen, { code: 1006, reason: "" }, /connection to the provider broke/],
    [deepgram.speak, { type: "Warning", description: "Too many flushes." }, /Too many flushes/],
    [deepgram.listen, { code: 1011, reason: "NET-0001" }, /NET-0001 \(1011\)/],
    [deepgram.converse, { type: "Error", description: "Wrong settings." }, /Wrong settings/],
  ]) {
    const recorded = provider(t, (to) => to === "open" && [frame]);
    await assert.rejects(use(SOURCE, use.name === "speak" ? "hi" : audio()), words);
    assert.ok(recorded.closed);
  }
});

test("the vendor's parameters are passed on by its names, and undefined means the default", async (t) => {
  const ends = [{ type: "done" }, { audio: "", isFinal: true }, { type: "Flushed" }, { terminated: true }, { type: "Metadata" }];
  const cases = [
    [cartesia.speak, { model_id: "m", voice: { mode: "id", id: "v" }, language: "de" }, { model_id: "m", voice: { mode: "id", id: "v" }, language: "de" }],
    [cartesia.speak, { model_id: undefined }, { model_id: "sonic-3.5" }],
    [elevenlabs.speak, { voice_settings: { speed: 1.1 } }, { text: " ", voice_settings: { speed: 1.1 } }],
    [soniox.speak, { voice: "Maya", language: "de", model: undefined }, { voice: "Maya", language: "de", model: "tts-rt-v2" }],
  ];
  for (const [speak, options, expected] of cases) {
    const recorded = provider(t, (to) => to !== "open" && ends);
    await speak(SOURCE, "hi", options);
    const first = JSON.parse(recorded.sent[0]);
    assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, first[name]])), expected);
  }
  for (const [speak, options, query] of [
    [elevenlabs.speak, { voice_id: "a/b", language_code: "de", model_id: undefined }, /\/a%2Fb\/stream-input\?.*&language_code=de&model_id=eleven_flash_v2_5&output_format=pcm_24000$/],
    [deepgram.speak, { model: "aura-2-julius-de", mip_opt_out: true, encoding: "opus" }, /\?encoding=linear16&mip_opt_out=true&model=aura-2-julius-de&sample_rate=24000$/],
  ]) {
    const recorded = provider(t, (to) => to !== "open" && ends);
    await speak(SOURCE, "hi", options);
    const { origin, pathname, searchParams } = new URL(recorded.url);
    if (speak === deepgram.speak) searchParams.sort();
    assert.match(`${origin}${pathname}?${searchParams}`, query);
  }
});

test("without options, nothing is missing", async (t) => {
  provider(t, (to) => to !== "open" && [{ type: "chunk", data: "AQID" }, { type: "done" }]);
  await cartesia.speak(SOURCE, "hi");
});

test("a conversation that ElevenLabs' agent ends is complete", async (t) => {
  const { converse } = await import("../../functions/elevenlabs-agents/client.js");
  const { said, callbacks } = dialogue();
  const recorded = provider(t, (to) => (to === "open" ? BEGIN.slice(-1) : to.includes("user_audio_chunk") && [
    { type: "agent_response", agent_response_event: { agent_response: "Bye." } },
    { code: 1000, reason: "Call ended" },
  ]));
  const source = sourceOf({ connect: { conversation: entry("/v1/convai") } });
  await converse(source, endless().audio, { ...callbacks, dynamic_variables: { name: "Ada" } });
  assert.deepEqual(JSON.parse(recorded.sent[0]), { type: "conversation_initiation_client_data", dynamic_variables: { name: "Ada" } });
  assert.deepEqual(said[0], ["agent", "Bye.", true]);
});

test("the audio comes with its sample rate", async (t) => {
  const rates = [];
  provider(t, (to) => to !== "open" && [{ type: "chunk", data: "AQID" }, { type: "done" }]);
  await cartesia.speak(SOURCE, "hi", { onAudio: (_, rate) => rates.push(rate) });
  assert.deepEqual(rates, [24000]);
});

test("the audio may be an array, and is read once by each exchange", async (t) => {
  const chunks = [new Int16Array(1600), new Uint8Array(800)];
  for (let times = 0; times < 2; times += 1) {
    const recorded = provider(t, (to) => to === "close" && [{ type: "done" }]);
    await cartesia.listen(SOURCE, chunks);
    assert.deepEqual(recorded.sent, [1600, 800, "finalize", "close"]);
  }
});

test("an abort closes the socket", async (t) => {
  const recorded = provider(t, () => []);
  const controller = new AbortController();
  const call = cartesia.speak(SOURCE, "hi", { signal: controller.signal });
  controller.abort();
  await assert.rejects(call, { name: "AbortError" });
  assert.ok(recorded.closed);
});

test("an aborted signal opens no socket", async (t) => {
  const recorded = provider(t, () => []);
  const call = cartesia.speak(SOURCE, "hi", { signal: AbortSignal.abort() });
  await assert.rejects(call, { name: "AbortError" });
  assert.equal(recorded.url, undefined);
});

/** Endless audio that counts its chunks and records when the consumer stops. */
function endless() {
  const consumed = { chunks: 0, ended: false };
  async function* chunks() {
    try {
      for (;;) {
        await sleep(5);
        consumed.chunks += 1;
        yield new Int16Array(1600);
      }
    } finally {
      consumed.ended = true;
    }
  }
  return { consumed, audio: chunks() };
}

/** How providers say that a session has begun. A module ignores the frames of others. */
const BEGIN = [
  { type: "Begin", message_type: "session_started" },
  { type: "session.ready" },
  { type: "Welcome" },
  { type: "SettingsApplied" },
  { setupComplete: {} },
  { type: "session.created" },
  {
    type: "conversation_initiation_metadata",
    conversation_initiation_metadata_event: { agent_output_audio_format: "pcm_16000", user_input_audio_format: "pcm_16000" },
  },
];

/** How providers send an error. Those without a frame for it close the socket. */
const ERRORS = [
  { type: "error", message: "No.", error: "No." },
  { type: "session.error", message: "No." },
  { type: "Error", description: "No." },
  { error_code: 400, error_message: "No.", tokens: [] },
  { code: 1008, reason: "No." },
];

/** The frames of providers whose `error` is an object. */
const OWN_ERRORS = { openai: [{ type: "error", error: { message: "No." } }] };

/** The source of any provider: it opens every socket. */
const ANY = sourceOf({ connect: new Proxy({}, { get: (_, name) => entry(`/${String(name)}?token=t-1`) }) });

/** The functions that send audio, of all providers. */
const FUNCTIONS = new URL("../../functions/", import.meta.url);
const USES = [];
for (const name of readdirSync(FUNCTIONS)) {
  const client = new URL(`${name}/client.js`, FUNCTIONS);
  if (!existsSync(client)) continue;
  const { speak, ...functions } = await import(client);
  for (const [does, use] of Object.entries(functions)) {
    USES.push([`${name}'s ${does}()`, OWN_ERRORS[name] ?? ERRORS, (audio, signal, source = ANY) => use(source, audio, { signal })]);
  }
}
assert.ok(USES.length >= 11);

for (const [name, errors, use] of USES) {
  for (const [how, frames, words] of [
    ["the user aborts", [], { name: "AbortError" }],
    ["the provider closes it", [{ code: 1008, reason: "No." }], /No\. \(1008\)/],
    ["the provider sends an error", errors, /No\./],
  ]) {
    test(`${name}: nothing is sent after the socket closes, because ${how}`, async (t) => {
      let messages = 0;
      const recorded = provider(t, (to) => {
        if (to === "open") return BEGIN;
        messages += 1;
        return messages === 3 && frames;
      });
      const controller = new AbortController();
      const { consumed, audio: microphone } = endless();
      const call = use(microphone, controller.signal);
      const rejected = assert.rejects(call, words);
      while (messages < 3) await sleep(1);
      if (frames.length === 0) controller.abort();
      await rejected;
      const { chunks: sent } = consumed;
      await sleep(50);
      assert.equal(recorded.late, 0, "nothing is sent to a closing socket");
      assert.ok(consumed.ended, "the audio is released");
      assert.ok(consumed.chunks <= sent + 1);
    });
  }

  test(`${name}: the end of the audio is not sent to a closed socket`, async (t) => {
    const recorded = provider(t, (to) => to === "open" && BEGIN);
    const controller = new AbortController();
    let end;
    async function* silence() {
      await new Promise((resolve) => { end = resolve; });
    }
    const call = use(silence(), controller.signal);
    while (!end) await sleep(1);
    controller.abort();
    await assert.rejects(call, { name: "AbortError" });
    const sent = [...recorded.sent];
    end();
    await sleep(10);
    assert.deepEqual(recorded.sent, sent);
  });

  /** Audio whose chunk never comes, and which is not a generator: it ends immediately. */
  function quiet() {
    const state = { reads: 0, ends: 0 };
    const chunks = {
      next: () => {
        state.reads += 1;
        return new Promise(() => {});
      },
      return: async () => {
        state.ends += 1;
        throw new Error("The device is gone.");
      },
    };
    return { state, audio: { [Symbol.asyncIterator]: () => chunks } };
  }

  test(`${name}: the audio ends when no socket opens`, async () => {
    const { state, audio: microphone } = quiet();
    const connect = async () => { throw new Error("Too many tokens."); };
    await assert.rejects(use(microphone, undefined, { connect }), /Too many tokens/);
    assert.deepEqual(state, { reads: 0, ends: 1 });
  });

  test(`${name}: the audio ends when the provider refuses the session`, async (t) => {
    provider(t, (to) => to === "open" && errors);
    const { state, audio: microphone } = quiet();
    await assert.rejects(use(microphone), /No\./);
    assert.equal(state.ends, 1);
  });

  test(`${name}: the audio ends with an abort, also when it is quiet`, async (t) => {
    provider(t, (to) => to === "open" && BEGIN);
    const { state, audio: microphone } = quiet();
    const controller = new AbortController();
    const rejected = assert.rejects(use(microphone, controller.signal), { name: "AbortError" });
    while (state.reads < 1) await sleep(1);
    controller.abort();
    await rejected;
    assert.deepEqual(state, { reads: 1, ends: 1 });
  });

  test(`${name}: an error of the audio ends the conversation`, async (t) => {
    const recorded = provider(t, (to) => to === "open" && BEGIN);
    async function* broken() {
      yield new Int16Array(1600);
      throw new Error("The microphone is gone.");
    }
    await assert.rejects(use(broken()), /microphone is gone/);
    assert.ok(recorded.closed);
  });
}
