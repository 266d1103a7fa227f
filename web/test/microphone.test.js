import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";

import { listen } from "../../functions/cartesia/client.js";
import { fromMicrophone } from "../microphone.js";

/** Replaces Web Audio and the device. `receive()` is a chunk of the worklet. */
function device(t, { resume = async () => {}, addModule = async () => {} } = {}) {
  const recorded = { tracks: [], contexts: [], isLive: () => recorded.tracks.some(({ isLive }) => isLive) };
  class Node {
    port = {};
    constructor() { recorded.receive = (data) => this.port.onmessage({ data }); }
    connect(to) { return to; }
  }
  const globals = {
    AudioContext: class {
      state = "running";
      audioWorklet = { addModule };
      constructor() { recorded.contexts.push(this); }
      async resume() {
        if (this.state === "closed") throw new DOMException("The context is closed.", "InvalidStateError");
        await resume();
      }
      // As in the specification and in Firefox: the state changes later, and a second call fails.
      async close() {
        if (this.isClosing) throw new DOMException("The context is closed already.", "InvalidStateError");
        this.isClosing = true;
        await turn();
        this.state = "closed";
      }
    },
    MediaStreamAudioSourceNode: class { connect(to) { return to; } },
    AnalyserNode: class { connect(to) { return to; } },
    AudioWorkletNode: Node,
    navigator: {
      mediaDevices: {
        async getUserMedia() {
          const track = { isLive: true, stop() { this.isLive = false; } };
          recorded.tracks.push(track);
          return { getTracks: () => [track] };
        },
      },
    },
  };
  for (const [name, value] of Object.entries(globals)) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    t.after(() => (before ? Object.defineProperty(globalThis, name, before) : delete globalThis[name]));
  }
  return recorded;
}

const END = { done: true, value: undefined };
const turn = () => new Promise(setImmediate);

test("the microphone is read until it is stopped, and then it is released", async (t) => {
  const recorded = device(t);
  const microphone = await fromMicrophone(16000);
  const reading = (async () => {
    const chunks = [];
    for await (const chunk of microphone) chunks.push(chunk);
    return chunks;
  })();
  await turn();
  assert.ok(recorded.isLive());
  for (const data of [[1], [2], null]) recorded.receive(data);
  assert.deepEqual(await reading, [[1], [2]]);
  assert.ok(!recorded.isLive());
  await turn();
  assert.equal(recorded.contexts[0].state, "closed");
});

test("a microphone that is closed before the first read has no chunks", async (t) => {
  device(t);
  const microphone = await fromMicrophone(16000);
  microphone.close();
  const chunks = microphone[Symbol.asyncIterator]();
  assert.deepEqual(await chunks.next(), END);
  assert.deepEqual(await chunks.next(), END);
});

test("closing a microphone ends a read that waits for the device to start", async (t) => {
  device(t, { resume: () => new Promise(() => {}) });
  const microphone = await fromMicrophone(16000);
  const read = microphone[Symbol.asyncIterator]().next();
  await turn();
  microphone.close();
  assert.deepEqual(await read, END);
});

test("a device that does not start is released, and the read says why", async (t) => {
  const recorded = device(t, { resume: async () => { throw new Error("no device"); } });
  const microphone = await fromMicrophone(16000);
  await assert.rejects(microphone[Symbol.asyncIterator]().next(), /no device/);
  assert.ok(!recorded.isLive());
});

for (const [when, read] of [
  ["was never read", () => []],
  ["is being read", (chunks) => [chunks.next(), chunks.next()]],
]) {
  test(`the end of the iteration releases a microphone that ${when}`, async (t) => {
    const recorded = device(t);
    const chunks = (await fromMicrophone(16000))[Symbol.asyncIterator]();
    const pending = read(chunks);
    await turn();
    const ended = chunks.return();
    assert.ok(!recorded.isLive(), "immediately");
    assert.equal((await ended).done, true);
    for (const each of pending) assert.deepEqual(await each, END);
    assert.deepEqual(await chunks.next(), END);
    await turn();
    assert.equal(recorded.contexts[0].state, "closed");
  });
}

test("a signal that lives longer keeps no listeners of released microphones", async (t) => {
  device(t);
  const { signal } = new AbortController();
  for (let times = 0; times < 3; times += 1) (await fromMicrophone(16000, { signal })).close();
  const microphone = await fromMicrophone(16000, { signal });
  assert.equal(getEventListeners(signal, "abort").length, 1);
  await microphone[Symbol.asyncIterator]().return();
  assert.deepEqual(getEventListeners(signal, "abort"), []);
});

test("an abort releases the microphone", async (t) => {
  const recorded = device(t);
  const controller = new AbortController();
  await fromMicrophone(16000, { signal: controller.signal });
  assert.ok(recorded.isLive());
  controller.abort();
  assert.ok(!recorded.isLive());
});

test("an abort releases the microphone while its worklet loads, and the call rejects then", async (t) => {
  let load;
  const recorded = device(t, { addModule: () => new Promise((resolve) => { load = resolve; }) });
  const controller = new AbortController();
  const opening = fromMicrophone(16000, { signal: controller.signal });
  await turn();
  assert.ok(recorded.isLive());
  controller.abort();
  assert.ok(!recorded.isLive());
  load();
  await assert.rejects(opening, { name: "AbortError" });
  await turn();
  assert.equal(recorded.contexts[0].state, "closed");
  assert.deepEqual(getEventListeners(controller.signal, "abort"), []);
});

test("closing a microphone in several ways causes no error", async (t) => {
  const recorded = device(t);
  const controller = new AbortController();
  const microphone = await fromMicrophone(16000, { signal: controller.signal });
  const reading = (async () => {
    for await (const chunk of microphone) if (chunk === "last") break;
  })();
  await turn();
  recorded.receive("last");
  await reading;
  controller.abort();
  microphone.close();
  await turn(); // an unhandled rejection would fail this test
  assert.equal(recorded.contexts[0].state, "closed");
});

test("a microphone is released when no socket opens for it", async (t) => {
  const recorded = device(t);
  const source = { connect: async () => { throw new Error("Too many tokens."); } };
  await assert.rejects(listen(source, await fromMicrophone(16000)), /Too many tokens/);
  assert.ok(!recorded.isLive());
});
