import assert from "node:assert/strict";
import { EventEmitter, getEventListeners } from "node:events";
import { test } from "node:test";

import { sourceOf } from "../page/source.js";
import { conversation, parseJson } from "../socket.js";

/** Replaces WebSocket. */
function sockets(t) {
  const before = globalThis.WebSocket;
  t.after(() => { globalThis.WebSocket = before; });
  globalThis.WebSocket = class WebSocket extends EventTarget {
    constructor(...opened) {
      super();
      this.opened = opened;
      this.readyState = 1;
      setImmediate(() => this.dispatchEvent(new Event("open")));
    }

    close() {}

    receive(data) {
      this.dispatchEvent(new MessageEvent("message", { data }));
    }
  };
}

const open = (entry, query) => sourceOf({ connect: { entry } }).connect("entry", { query });

test("the page appends parameters to the text of the URL, and passes the subprotocols on", async (t) => {
  sockets(t);
  const protocols = ["bearer", "t-1"];
  for (const [url, parameters, opened] of [
    ["wss://a.example/v1", {}, "wss://a.example/v1"],
    ["wss://a.example/v1/{voice_id}", { voice_id: "a/b", rate: undefined }, "wss://a.example/v1/a%2Fb"],
    ["wss://a.example/v1", { model: "a b", rate: 1 }, "wss://a.example/v1?model=a+b&rate=1"],
    // A signed URL, in an encoding that URLSearchParams would change.
    ["wss://a.example//ws?sign=a/b%20c~*'", { model: "m" }, "wss://a.example//ws?sign=a/b%20c~*'&model=m"],
  ]) {
    assert.deepEqual((await open({ url, protocols }, parameters)).opened, [opened, protocols]);
  }
});

test("on the page, a token without the entry opens no socket", async (t) => {
  sockets(t);
  await assert.rejects(open(undefined, { model: "m" }), /does not open this/);
});

test("a text message is JSON, and a binary one is bytes, which may be JSON too", async (t) => {
  sockets(t);
  const socket = await open({ url: "wss://a.example", protocols: [] });
  assert.equal(socket.binaryType, "arraybuffer");
  const messages = [];
  const read = (message) => {
    messages.push(message);
    return messages.length === 3;
  };
  const ended = conversation(socket, { read });
  const json = new TextEncoder().encode('{"text":"\u00e9"}');
  socket.receive('{"type":"done"}');
  socket.receive(Uint8Array.from([1, 2]).buffer);
  socket.receive(json.buffer);
  await ended;
  assert.deepEqual(messages, [{ type: "done" }, Uint8Array.from([1, 2]), json]);
  assert.deepEqual(parseJson(messages[2]), { text: "\u00e9" });
  assert.equal(parseJson(messages[0]), messages[0]);
});

for (const [how, end] of [
  ["is complete", (socket) => socket.receive("true")],
  ["is aborted", (_, controller) => controller.abort()],
  ["breaks", (socket) => socket.dispatchEvent(Object.assign(new Event("close"), { code: 1006, reason: "" }))],
]) {
  test(`after a conversation that ${how}, nothing is read any more and no listener is left`, async (t) => {
    sockets(t);
    const socket = await open({ url: "wss://a.example", protocols: [] });
    const controller = new AbortController();
    const messages = [];
    const ended = conversation(socket, { read: (message) => messages.push(message) && message, signal: controller.signal });
    const settled = ended.catch(() => {});
    end(socket, controller);
    await settled;
    socket.receive('"late"');
    assert.ok(!messages.includes("late"));
    assert.deepEqual(getEventListeners(controller.signal, "abort"), []);
    for (const name of ["message", "close"]) assert.deepEqual(getEventListeners(socket, name), []);
  });
}

/** A socket like those of the package ws: an error that nobody listens to ends the process. */
class Emitter extends EventEmitter {
  readyState = 1;
  addEventListener = this.on;
  removeEventListener = this.off;
  close() {}
}

test("an error of a socket ends no process: the close event after it ends the conversation", async () => {
  const socket = new Emitter();
  const ended = conversation(socket, { read: () => false });
  const isRejected = assert.rejects(ended, /broke \(1006\)/);
  socket.emit("error", new Error("Invalid frame."));
  socket.emit("close", { code: 1006, reason: "" });
  await isRejected;
  socket.emit("error", new Error("The connection is closing."));
});

test("an abort has its reason, or on platforms without reasons an AbortError", async (t) => {
  sockets(t);
  for (const [old, expected] of [[false, /enough/], [true, { name: "AbortError" }]]) {
    const socket = await open({ url: "wss://a.example", protocols: [] });
    const controller = new AbortController();
    if (old) Object.defineProperties(controller.signal, { reason: { value: undefined }, throwIfAborted: { value: undefined } });
    const ended = assert.rejects(conversation(socket, { read: () => false, signal: controller.signal }), expected);
    controller.abort(new Error("enough"));
    await ended;
    await assert.rejects(conversation(socket, { read: () => false, signal: controller.signal }), expected);
  }
});
