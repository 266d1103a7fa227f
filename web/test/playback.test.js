import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { createPlayer } from "../playback.js";

/**
 * Replaces Web Audio. `sources` are the started ones; `context.currentTime` is the clock, which
 * stands still until a test moves it, or until it `runs`.
 */
function webAudio(t) {
  const names = ["AudioContext", "AnalyserNode", "AudioBuffer", "AudioBufferSourceNode"];
  t.after(() => names.forEach((name) => delete globalThis[name]));
  const recorded = { sources: [], context: undefined };
  globalThis.AudioContext = class {
    currentTime = 0;
    constructor() { recorded.context = this; }
  };
  globalThis.AnalyserNode = class {
    connect() {}
  };
  globalThis.AudioBuffer = class {
    constructor({ length, sampleRate }) { this.duration = length / sampleRate; }
    copyToChannel(samples) { this.samples = [...samples].map((sample) => sample * 32768); }
  };
  globalThis.AudioBufferSourceNode = class {
    constructor(_, { buffer }) { this.buffer = buffer; }
    connect() {}
    start(at) { recorded.sources.push(Object.assign(this, { at })); }
    stop() { this.stopped = true; }
  };
  return recorded;
}

/** Lets the clock run. */
function runs({ context }) {
  const start = performance.now();
  Object.defineProperty(context, "currentTime", { get: () => (performance.now() - start) / 1000 });
}

const bytes = (...samples) => new Uint8Array(Int16Array.from(samples).buffer);

test("chunks follow each other without a gap, at their own sample rates", (t) => {
  const { sources } = webAudio(t);
  const player = createPlayer(10);
  player.play(bytes(1, 2));
  player.play(bytes(3, 4), 20);
  player.play(bytes(5));
  assert.deepEqual(sources.map(({ at }) => at.toFixed(2)), ["0.05", "0.25", "0.35"]);
  assert.equal(player.seconds().toFixed(2), "0.40");
});

test("a sample may be split between two chunks, and a chunk may be a part of a larger buffer", (t) => {
  const { sources } = webAudio(t);
  const player = createPlayer(10);
  const all = bytes(258, -2, 772);
  for (const part of [all.subarray(0, 1), all.subarray(1, 3), all.subarray(3)]) player.play(part);
  assert.deepEqual(sources.flatMap(({ buffer }) => buffer.samples), [258, -2, 772]);
});

test("stopping drops what has not been played", (t) => {
  const recorded = webAudio(t);
  const player = createPlayer(10);
  player.play(bytes(1, 2));
  recorded.sources[0].onended();
  player.play(bytes(3, 4));
  player.play(bytes(5, 6).subarray(0, 3)); // half a sample more
  recorded.context.currentTime = 0.35;
  player.stop();
  assert.deepEqual(recorded.sources.map(({ stopped = false }) => stopped), [false, true, true]);
  assert.equal(player.left(), 0);
  assert.equal(player.seconds().toFixed(2), "0.30");
  player.play(bytes(7));
  assert.deepEqual(recorded.sources.at(-1).buffer.samples, [7]);
  assert.equal(recorded.sources.at(-1).at.toFixed(2), "0.40");
});

test("the player waits until all is played, unless it is aborted", async (t) => {
  const recorded = webAudio(t);
  const player = createPlayer(100);
  runs(recorded);
  player.play(bytes(...Array(10).fill(1)));
  const controller = new AbortController();
  const { signal } = controller;
  const before = performance.now();
  await player.finish(signal);
  assert.ok(performance.now() - before > 100, "0.05 s ahead, and 0.1 s of audio");
  assert.deepEqual(getEventListeners(signal, "abort"), []);
  player.play(bytes(...Array(10_000).fill(1)));
  const finished = player.finish(signal);
  controller.abort(new Error("enough"));
  await assert.rejects(finished, /enough/);
  await assert.rejects(player.finish(signal), /enough/);
  assert.deepEqual(getEventListeners(signal, "abort"), []);
});

const AUDIO = bytes(...Array(10).fill(1));

test("the player waits for what arrives meanwhile, and for a device that is late", async (t) => {
  const recorded = webAudio(t);
  const player = createPlayer(100);
  runs(recorded);
  player.play(AUDIO);
  const finished = player.finish();
  player.play(AUDIO);
  await finished;
  assert.equal(player.left(), 0);
  // The device stands still, as it does until the user touches the page.
  Object.defineProperty(recorded.context, "currentTime", { value: 10, writable: true });
  player.play(AUDIO);
  let isFinished = false;
  const late = player.finish().then(() => { isFinished = true; });
  await sleep(250);
  assert.ok(!isFinished, "nothing has been played");
  recorded.context.currentTime = 11;
  await late;
});

for (const how of ["stop", "close"]) {
  test(`nobody waits for the sound after ${how}()`, { timeout: 5000 }, async (t) => {
    const recorded = webAudio(t);
    const player = createPlayer(100);
    recorded.context.close = async () => {};
    player.play(bytes(...Array(10_000).fill(1)));
    const finished = Promise.all([player.finish(), player.finish()]);
    await player[how]();
    await finished;
    assert.equal(player.left(), 0);
  });
}

test("a closed player can be closed again", async (t) => {
  const recorded = webAudio(t);
  const player = createPlayer(10);
  let closed = 0;
  // The state changes later, and a second call fails: the specification, and Firefox.
  recorded.context.close = async () => {
    closed += 1;
    await sleep(1);
    recorded.context.state = "closed";
  };
  await Promise.all([player.close(), player.close()]);
  await player.close();
  assert.equal(closed, 1);
});

test("a closed player plays nothing more, and nobody waits for it", { timeout: 5000 }, async (t) => {
  const recorded = webAudio(t);
  const player = createPlayer(10);
  recorded.context.close = async () => {};
  player.close();
  player.play(bytes(1, 2, 3));
  await player.finish();
  assert.deepEqual([recorded.sources.length, player.left(), player.seconds()], [0, 0, 0]);
});
