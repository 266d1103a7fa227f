import assert from "node:assert/strict";
import { test } from "node:test";

import { conversation, open, parseJson } from "../page/socket.js";

/** Replaces WebSocket. */
function sockets(t) {
  const before = globalThis.WebSocket;
  t.after(() => { globalThis.WebSocket = before; });
  globalThis.WebSocket = class WebSocket extends EventTarget {
    constructor(...opened) {
      super();
      this.opened = opened;
    }

    close() {}

    receive(data) {
      this.dispatchEvent(new MessageEvent("message", { data }));
    }
  };
}

test("parameters are appended to the text of the URL, and the subprotocols are passed on", (t) => {
  sockets(t);
  const protocols = ["bearer", "t-1"];
  for (const [url, parameters, opened] of [
    ["wss://a.example/v1", {}, "wss://a.example/v1"],
    ["wss://a.example/v1", { model: "a b", rate: 1 }, "wss://a.example/v1?model=a+b&rate=1"],
    // A signed URL, in an encoding that URLSearchParams would change.
    ["wss://a.example//ws?sign=a/b%20c~*'", { model: "m" }, "wss://a.example//ws?sign=a/b%20c~*'&model=m"],
  ]) {
    assert.deepEqual(open({ url, protocols }, parameters).opened, [opened, protocols]);
  }
});

test("a token without the entry opens no socket", (t) => {
  sockets(t);
  assert.throws(() => open({}.stt, { model: "m" }), /does not open this/);
});

test("a text message is JSON, and a binary one is bytes, which may be JSON too", async (t) => {
  sockets(t);
  const socket = open({ url: "wss://a.example", protocols: [] });
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
