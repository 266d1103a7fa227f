import assert from "node:assert/strict";
import { test } from "node:test";

import * as assemblyai from "../page/assemblyai.js";
import * as cartesia from "../page/cartesia.js";
import * as elevenlabs from "../page/elevenlabs.js";

/** A provider that answers each message by script, in the place of WebSocket. */
function provider(t, answers) {
  const met = { sent: [], closed: false };
  const before = globalThis.WebSocket;
  t.after(() => { globalThis.WebSocket = before; });
  globalThis.WebSocket = class extends EventTarget {
    constructor(url) {
      super();
      met.url = url;
      setImmediate(() => {
        this.onopen?.();
        this.answer("open");
      });
    }

    send(message) {
      met.sent.push(typeof message === "string" ? message : message.length);
      this.answer(met.sent.at(-1));
    }

    answer(to) {
      for (const frame of answers(to) || []) {
        const event = frame.code ? Object.assign(new Event("close"), frame) : new MessageEvent("message", { data: JSON.stringify(frame) });
        setImmediate(() => this.dispatchEvent(event));
      }
    }

    close() {
      met.closed = true;
    }
  };
  return met;
}

const at = (base_url) => ({ token: "t-1", base_url });

async function* sound() {
  yield new Int16Array(1600);
  await new Promise((resolve) => { setTimeout(resolve, 20); });
  yield new Int16Array(1600);
}

test("Cartesia speaks what it is asked, and the sound comes as bytes", async (t) => {
  const met = provider(t, (to) => to !== "open" && [{ type: "chunk", data: "AQID" }, { type: "done", done: true }]);
  const heard = [];
  await cartesia.speak(at("https://api.example.com"), "hi", (bytes) => heard.push(...bytes));
  assert.deepEqual(heard, [1, 2, 3]);
  assert.equal(met.url.href, "wss://api.example.com/tts/websocket?cartesia_version=2026-03-01&access_token=t-1");
  const { transcript, output_format } = JSON.parse(met.sent[0]);
  assert.deepEqual([transcript, output_format.sample_rate], ["hi", 24000]);
  assert.ok(met.closed);
});

test("Cartesia listens until it was told all", async (t) => {
  const met = provider(t, (to) => ({
    1600: [{ type: "transcript", text: "he", is_final: false }],
    finalize: [{ type: "transcript", text: "Hello.", is_final: true }, { type: "flush_done" }],
    close: [{ type: "done" }],
  })[to]);
  const texts = [];
  await cartesia.listen(at("http://localhost:1"), sound(), (...text) => texts.push(text));
  assert.deepEqual(met.sent, [1600, 1600, "finalize", "close"]);
  assert.deepEqual(texts, [["he", false], ["he", false], ["Hello.", true]]);
  assert.equal(met.url.protocol, "ws:");
});

test("ElevenLabs speaks between a blank and nothing", async (t) => {
  const met = provider(t, (to) => to === '{"text":""}' && [{ audio: "AQID" }, { audio: null, isFinal: true }]);
  const heard = [];
  await elevenlabs.speak(at("https://api.example.com"), "hi", (bytes) => heard.push(...bytes));
  assert.deepEqual(met.sent, ['{"text":" "}', '{"text":"hi "}', '{"text":""}']);
  assert.deepEqual(heard, [1, 2, 3]);
  assert.equal(met.url.searchParams.get("single_use_token"), "t-1");
});

test("ElevenLabs listens once its session has started, and ends with the last commit", async (t) => {
  const met = provider(t, (to) => {
    if (to === "open") return [{ message_type: "session_started" }];
    if (JSON.parse(to).commit) return [{ message_type: "committed_transcript", text: "Hello." }];
    if (met.sent.length === 1) return [{ message_type: "committed_transcript", text: "By itself." }];
    return [{ message_type: "partial_transcript", text: "he" }];
  });
  const texts = [];
  await elevenlabs.listen(at("https://api.example.com"), sound(), (...text) => texts.push(text));
  assert.deepEqual(met.sent.map((text) => JSON.parse(text).audio_base_64.length), [4268, 4268, 0]);
  assert.deepEqual(texts, [["By itself.", true], ["he", false], ["Hello.", true]]);
});

test("AssemblyAI listens from its first word, and a turn is over once it is written out", async (t) => {
  const met = provider(t, (to) => ({
    open: [{ type: "Begin" }],
    1600: [{ type: "Turn", transcript: "hello", end_of_turn: true, turn_is_formatted: false }],
    '{"type":"Terminate"}': [
      { type: "Turn", transcript: "Hello.", end_of_turn: true, turn_is_formatted: true },
      { type: "Termination" },
    ],
  })[to]);
  const texts = [];
  await assemblyai.listen(at("https://api.example.com"), sound(), (...text) => texts.push(text));
  assert.equal(met.sent.at(-1), '{"type":"Terminate"}');
  assert.deepEqual(texts.map(([, final]) => final), [false, false, true]);
  assert.equal(met.url.pathname, "/v3/ws");
});

test("a refusal is told in the provider's words", async (t) => {
  for (const [use, frame, words] of [
    [cartesia.speak, { type: "error", message: "No such voice." }, /No such voice/],
    [elevenlabs.speak, { error: "invalid", message: "The token was used." }, /token was used/],
    [elevenlabs.listen, { message_type: "auth_error", error: "The token was used." }, /token was used/],
    [assemblyai.listen, { type: "Error", error: "Unauthorized" }, /Unauthorized/],
    [assemblyai.listen, { code: 1008, reason: "Not authorized" }, /Not authorized \(1008\)/],
    [cartesia.listen, { code: 1006, reason: "" }, /may have expired/],
  ]) {
    const met = provider(t, (to) => to === "open" && [frame]);
    await assert.rejects(use(at("https://api.example.com"), use.name === "listen" ? sound() : "hi", () => {}), words);
    assert.ok(met.closed);
  }
});

test("whoever gives up closes the socket", async (t) => {
  const met = provider(t, () => []);
  const controller = new AbortController();
  const call = cartesia.speak(at("https://api.example.com"), "hi", () => {}, controller.signal);
  controller.abort();
  await assert.rejects(call, { name: "AbortError" });
  assert.ok(met.closed);
});

test("whoever has given up before leaves no socket open", async (t) => {
  const met = provider(t, () => []);
  const call = cartesia.speak(at("https://api.example.com"), "hi", () => {}, AbortSignal.abort());
  await assert.rejects(call, { name: "AbortError" });
  assert.ok(met.closed);
});
