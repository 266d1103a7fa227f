import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import * as assemblyai from "../page/assemblyai.js";
import * as cartesia from "../page/cartesia.js";
import * as elevenlabs from "../page/elevenlabs.js";

/** A provider that answers each message by script, in the place of WebSocket. */
function provider(t, answers) {
  const met = { sent: [], closed: false, late: 0 };
  const before = globalThis.WebSocket;
  t.after(() => { globalThis.WebSocket = before; });
  globalThis.WebSocket = class WebSocket extends EventTarget {
    static OPEN = 1;
    readyState = 0;

    constructor(url) {
      super();
      met.url = url;
      setImmediate(() => {
        if (met.closed) return;
        this.readyState = WebSocket.OPEN;
        this.dispatchEvent(new Event("open"));
        this.answer("open");
      });
    }

    send(message) {
      // A browser complains in the console of what is sent then, and loses it.
      if (this.readyState !== WebSocket.OPEN) met.late += 1;
      met.sent.push(typeof message === "string" ? message : message.length);
      this.answer(met.sent.at(-1));
    }

    answer(to) {
      for (const frame of answers(to) || []) {
        const event = frame.code ? Object.assign(new Event("close"), frame) : new MessageEvent("message", { data: JSON.stringify(frame) });
        setImmediate(() => {
          if (frame.code) this.readyState = 3;
          this.dispatchEvent(event);
        });
      }
    }

    close() {
      met.closed = true;
      this.readyState = 2;
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

/** Sound without an end of its own; says how many pieces were taken, and whether nobody wants more. */
function endless() {
  const told = { taken: 0, ended: false };
  async function* pieces() {
    try {
      for (;;) {
        await sleep(5);
        told.taken += 1;
        yield new Int16Array(1600);
      }
    } finally {
      told.ended = true;
    }
  }
  return { told, sound: pieces() };
}

const BEGIN = [{ type: "Begin", message_type: "session_started" }];

for (const [name, { listen }] of Object.entries({ cartesia, elevenlabs, assemblyai })) {
  for (const [how, frames, words] of [
    ["the user gives up", [], { name: "AbortError" }],
    ["the provider closes it", [{ code: 1008, reason: "No." }], /No\. \(1008\)/],
    ["the provider tells an error", [{ type: "error", message: "No.", error: "No." }], /No\./],
  ]) {
    test(`${name}: nothing is sent once the socket closes, as ${how}`, async (t) => {
      let pieces = 0;
      const met = provider(t, (to) => {
        if (to === "open") return BEGIN;
        pieces += 1;
        return pieces === 3 && frames;
      });
      const controller = new AbortController();
      const { told, sound: microphone } = endless();
      const call = listen(at("https://api.example.com"), microphone, () => {}, controller.signal);
      const rejected = assert.rejects(call, words);
      while (pieces < 3) await sleep(1);
      if (frames.length === 0) controller.abort();
      await rejected;
      const { taken } = told;
      await sleep(50);
      assert.equal(met.late, 0, "nothing is sent to a socket that closes");
      assert.ok(told.ended, "the sound is let go of");
      assert.ok(told.taken <= taken + 1);
    });
  }

  test(`${name}: sound that ends after the socket closed is not told to it`, async (t) => {
    const met = provider(t, (to) => to === "open" && BEGIN);
    const controller = new AbortController();
    let end;
    async function* silence() {
      await new Promise((resolve) => { end = resolve; });
    }
    const call = listen(at("https://api.example.com"), silence(), () => {}, controller.signal);
    while (!end) await sleep(1);
    controller.abort();
    await assert.rejects(call, { name: "AbortError" });
    end();
    await sleep(10);
    assert.deepEqual(met.sent, []);
  });

  test(`${name}: sound that fails ends the conversation`, async (t) => {
    const met = provider(t, (to) => to === "open" && BEGIN);
    async function* broken() {
      yield new Int16Array(1600);
      throw new Error("The microphone is gone.");
    }
    await assert.rejects(listen(at("https://api.example.com"), broken(), () => {}), /microphone is gone/);
    assert.ok(met.closed);
  });
}
