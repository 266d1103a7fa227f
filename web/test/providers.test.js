import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import * as assemblyai from "../../functions/assemblyai/page.js";
import * as cartesia from "../../functions/cartesia/page.js";
import * as elevenlabs from "../../functions/elevenlabs/page.js";

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
        const event = frame.code ? Object.assign(new Event("close"), frame) : new MessageEvent("message", { data: frame instanceof ArrayBuffer ? frame : JSON.stringify(frame) });
        setImmediate(() => {
          if (frame.code) this.readyState = 3;
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

/** A token that opens everything. */
const TOKEN = {
  token: "t-1",
  connect: {
    tts: entry("/tts/websocket?cartesia_version=2026-03-01&access_token=t-1"),
    stt: entry("/stt/websocket?cartesia_version=2026-03-01&access_token=t-1"),
    tts_websocket: entry("/v1/text-to-speech/{voice_id}/stream-input?single_use_token=t-1"),
    realtime_scribe: entry("/v1/speech-to-text/realtime?token=t-1"),
    streaming: entry("/v3/ws?token=t-1"),
  },
};

async function* audio() {
  yield new Int16Array(1600);
  await new Promise((resolve) => { setTimeout(resolve, 20); });
  yield new Int16Array(1600);
}

test("Cartesia speaks a text, and the audio arrives as bytes", async (t) => {
  const recorded = provider(t, (to) => to !== "open" && [{ type: "chunk", data: "AQID" }, { type: "done", done: true }]);
  const received = [];
  await cartesia.speak(TOKEN, "hi", (bytes) => received.push(...bytes));
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
  await cartesia.listen(TOKEN, audio(), (...text) => texts.push(text));
  assert.deepEqual(recorded.sent, [1600, 1600, "finalize", "close"]);
  assert.deepEqual(texts, [["he", false], ["he", false], ["Hello.", true]]);
  assert.match(recorded.url, /\/stt\/websocket\?.*access_token=t-1&model=ink-2&encoding=pcm_s16le&sample_rate=16000$/);
});

test("ElevenLabs speaks a text between a space and an empty text", async (t) => {
  const recorded = provider(t, (to) => to === '{"text":""}' && [{ audio: "AQID" }, { audio: null, isFinal: true }]);
  const received = [];
  await elevenlabs.speak(TOKEN, "hi", (bytes) => received.push(...bytes));
  assert.deepEqual(recorded.sent, ['{"text":" "}', '{"text":"hi "}', '{"text":""}']);
  assert.deepEqual(received, [1, 2, 3]);
  assert.match(recorded.url, /\/v1\/text-to-speech\/\w+\/stream-input\?single_use_token=t-1&model_id=\w+&output_format=pcm_24000$/);
});

test("ElevenLabs transcribes after its session has started, until the last commit", async (t) => {
  const recorded = provider(t, (to) => {
    if (to === "open") return [{ message_type: "session_started" }];
    if (JSON.parse(to).commit) return [{ message_type: "committed_transcript", text: "Hello." }];
    if (recorded.sent.length === 1) return [{ message_type: "committed_transcript", text: "By itself." }];
    return [{ message_type: "partial_transcript", text: "he" }];
  });
  const texts = [];
  await elevenlabs.listen(TOKEN, audio(), (...text) => texts.push(text));
  assert.deepEqual(recorded.sent.map((text) => JSON.parse(text).audio_base_64.length), [4268, 4268, 0]);
  assert.deepEqual(texts, [["By itself.", true], ["he", false], ["Hello.", true]]);
});

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
  await assemblyai.listen(TOKEN, audio(), (...text) => texts.push(text));
  assert.equal(recorded.sent.at(-1), '{"type":"Terminate"}');
  assert.deepEqual(texts.map(([, final]) => final), [false, false, true]);
  assert.equal(recorded.url, "wss://api.example.com/v3/ws?token=t-1&sample_rate=16000&format_turns=true");
});

test("an error has the provider's message", async (t) => {
  for (const [use, frame, words] of [
    [cartesia.speak, { type: "error", message: "No such voice." }, /No such voice/],
    [elevenlabs.speak, { error: "invalid", message: "The token was used." }, /token was used/],
    [elevenlabs.listen, { message_type: "auth_error", error: "The token was used." }, /token was used/],
    [assemblyai.listen, { type: "Error", error: "Unauthorized" }, /Unauthorized/],
    [assemblyai.listen, { code: 1008, reason: "Not authorized" }, /Not authorized \(1008\)/],
    [cartesia.listen, { code: 1006, reason: "" }, /may have expired/],
  ]) {
    const recorded = provider(t, (to) => to === "open" && [frame]);
    await assert.rejects(use(TOKEN, use.name === "listen" ? audio() : "hi", () => {}), words);
    assert.ok(recorded.closed);
  }
});

test("an abort closes the socket", async (t) => {
  const recorded = provider(t, () => []);
  const controller = new AbortController();
  const call = cartesia.speak(TOKEN, "hi", () => {}, controller.signal);
  controller.abort();
  await assert.rejects(call, { name: "AbortError" });
  assert.ok(recorded.closed);
});

test("an aborted signal leaves no socket open", async (t) => {
  const recorded = provider(t, () => []);
  const call = cartesia.speak(TOKEN, "hi", () => {}, AbortSignal.abort());
  await assert.rejects(call, { name: "AbortError" });
  assert.ok(recorded.closed);
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

const BEGIN = [{ type: "Begin", message_type: "session_started" }];

for (const [name, { listen }] of Object.entries({ cartesia, elevenlabs, assemblyai })) {
  for (const [how, frames, words] of [
    ["the user aborts", [], { name: "AbortError" }],
    ["the provider closes it", [{ code: 1008, reason: "No." }], /No\. \(1008\)/],
    ["the provider sends an error", [{ type: "error", message: "No.", error: "No." }], /No\./],
  ]) {
    test(`${name}: nothing is sent after the socket closes, because ${how}`, async (t) => {
      let chunks = 0;
      const recorded = provider(t, (to) => {
        if (to === "open") return BEGIN;
        chunks += 1;
        return chunks === 3 && frames;
      });
      const controller = new AbortController();
      const { consumed, audio: microphone } = endless();
      const call = listen(TOKEN, microphone, () => {}, controller.signal);
      const rejected = assert.rejects(call, words);
      while (chunks < 3) await sleep(1);
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
    const call = listen(TOKEN, silence(), () => {}, controller.signal);
    while (!end) await sleep(1);
    controller.abort();
    await assert.rejects(call, { name: "AbortError" });
    end();
    await sleep(10);
    assert.deepEqual(recorded.sent, []);
  });

  test(`${name}: an error of the audio ends the conversation`, async (t) => {
    const recorded = provider(t, (to) => to === "open" && BEGIN);
    async function* broken() {
      yield new Int16Array(1600);
      throw new Error("The microphone is gone.");
    }
    await assert.rejects(listen(TOKEN, broken(), () => {}), /microphone is gone/);
    assert.ok(recorded.closed);
  });
}
