// connect(): which token a socket gets, when a second one is tried, and how a handshake ends.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { VoicemintError, createTokenSource } from "../voicemint.js";
import { aborted, endpoint, held, jwt, problem, token } from "./endpoint.js";
import { countedController, socketClass } from "./sockets.js";

const turn = () => new Promise(setImmediate);

let secrets = 0;

/** A token whose sockets contain it. */
function withSockets({ names = ["tts"], url = "wss://api.example/tts?access_token=", ...members } = {}, headers = {}) {
  secrets += 1;
  const secret = members.token ?? `secret-${secrets}`;
  const connect = Object.fromEntries(names.map((name) => [name, { url: `${url}${secret}`, protocols: ["bearer", secret] }]));
  return token({ token: secret, connect, ...members }, headers);
}

const once = (members) => withSockets({ single_use: true, ...members });
const resumed = (members) => withSockets(members, { "voicemint-source": "resumed" });
const deleted = () => new Response(null, { status: 204 });

function setUp(replies, outcomes = ["open"], options = {}) {
  const server = endpoint(...replies);
  const { Socket, opened } = socketClass(...outcomes);
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch, WebSocket: Socket, ...options });
  const methods = () => server.calls.map(({ method }) => method);
  const used = () => opened.map(({ protocols }) => protocols[1]);
  return { source, server, opened, methods, used };
}

/** Asserts that a call fails with a code, and that no part of the error contains a token. */
async function assertFails(call, code, pattern = /./) {
  const error = await call.then(() => assert.fail("the call resolved"), (thrown) => thrown);
  assert.equal(error.code, code, `${error}`);
  assert.ok(error instanceof VoicemintError);
  assert.match(error.detail, pattern);
  assertHidden(error);
  return error;
}

function assertHidden(error) {
  const shown = [error.message, error.stack, JSON.stringify(error), String(error.cause)].join();
  assert.ok(!/secret-|wss?:/.test(shown), shown);
}

test("the socket is open, has the URL and the subprotocols of the token, and yields ArrayBuffers", async () => {
  const { source, opened, server } = setUp([() => withSockets({ names: ["stt", "tts"] })]);
  const socket = await source.connect("tts");
  assert.equal(socket, opened[0]);
  const { connect } = await source.getToken();
  assert.deepEqual([socket.url, socket.protocols, socket.binaryType], [connect.tts.url, connect.tts.protocols, "arraybuffer"]);
  assert.deepEqual([socket.onopen, socket.onclose, socket.onerror], [null, null, null]);
  assert.equal(server.calls.length, 1);
});

test("a socket that has a message already is paused until the caller can listen", async () => {
  const seen = [];
  const { source } = setUp([() => withSockets()], [(socket) => {
    socket.pause = () => seen.push("pause");
    socket.resume = () => seen.push(`resume with ${socket.onmessage}`);
    setImmediate(() => socket.onopen());
  }]);
  (await source.connect("tts")).onmessage = "a listener";
  await new Promise((resolve) => { setTimeout(resolve, 5); });
  assert.deepEqual(seen, ["pause", "resume with a listener"]);
});

for (const [url, query, expected] of [
  ["wss://a.example/v1", undefined, "wss://a.example/v1"],
  ["wss://a.example/v1", {}, "wss://a.example/v1"],
  ["wss://a.example/v1", { model: "a b", rate: 16000, words: true }, "wss://a.example/v1?model=a%20b&rate=16000&words=true"],
  ["wss://a.example/v1?token=t", { "a&b": "c=d/é" }, "wss://a.example/v1?token=t&a%26b=c%3Dd%2F%C3%A9"],
  ["wss://a.example/v1?token=t", { left: undefined, none: null, list: ["a", 1, undefined], empty: [], zero: 0, no: false, text: "" }, "wss://a.example/v1?token=t&list=a&list=1&zero=0&no=false&text="],
  // A signed URL stays as it is: a parser would change this text.
  ["wss://A.example:443/x/../v1?sig=a+b%2f&x={y}", { y: 1 }, "wss://A.example:443/x/../v1?sig=a+b%2f&x={y}&y=1"],
  ["wss://a.example/{voice_id}/in?token=t", { voice_id: "$& a/b?c", format: "pcm" }, "wss://a.example/%24%26%20a%2Fb%3Fc/in?token=t&format=pcm"],
  ["wss://a.example/{voice_id}/in", { voice_id: 7 }, "wss://a.example/7/in"],
]) {
  test(`${url} with ${JSON.stringify(query)} becomes ${expected}`, async () => {
    const reply = () => token({ connect: { tts: { url, protocols: [] } } });
    const { source } = setUp([reply]);
    assert.equal((await source.connect("tts", { query })).url, expected);
  });
}

for (const single_use of [false, true]) {
  test(`without a parameter that the URL contains, the ${single_use ? "single-use" : "reusable"} token is for the next call`, async () => {
    const { source, server, opened } = setUp([() => withSockets({ single_use, url: "wss://api.example/{voice_id}/in?token=" })]);
    for (const query of [undefined, { voice: "a" }, { voice_id: undefined }]) {
      const message = "voicemint: query.voice_id must be given: the URL contains it.";
      await assert.rejects(source.connect("tts", { query }), { name: "TypeError", message });
    }
    assert.equal(opened.length, 0);
    const socket = await source.connect("tts", { query: { voice_id: "a" } });
    assert.match(socket.url, /^wss:\/\/api\.example\/a\/in\?token=secret-\d+$/);
    assert.equal(server.calls.length, 1);
    assert.equal((await source.getToken()).token === socket.protocols[1], !single_use);
  });
}

test("a token of a replaced opaque session is not for the next call", async () => {
  const app = { bearer: "opaque-1" };
  const { reply, release } = held(() => token({ single_use: true }));
  const { source, server } = setUp([reply, () => once()], ["open"], { session: () => app.bearer });
  const call = source.connect("tts");
  while (server.calls.length < 1) await turn();
  app.bearer = "opaque-2";
  await source.getToken();
  release();
  await assertFails(call, "socket_missing");
  await source.getToken();
  assert.deepEqual(server.calls.map(({ headers }) => headers.authorization), ["Bearer opaque-1", "Bearer opaque-2", "Bearer opaque-2"]);
});

for (const [connect, words] of [
  [{ stt: { url: "wss://a.example", protocols: [] }, agent: { url: "wss://a.example", protocols: [] } }, "stt, agent"],
  [undefined, "none"],
  [{}, "none"],
]) {
  test(`a token with ${connect ? Object.keys(connect).length : "no"} other sockets says so, and is for the next call`, async () => {
    for (const single_use of [false, true]) {
      const { source, server, opened } = setUp([() => token({ connect, single_use })]);
      for (const name of ["tts", "constructor", "__proto__", "toString"]) {
        const error = await assertFails(source.connect(name), "socket_missing");
        assert.equal(error.detail, `The token has no such socket; it has ${words}. Check ask.`);
      }
      await source.getToken();
      assert.deepEqual([server.calls.length, opened.length], [1, 0]);
    }
  });
}

test("concurrent sockets share a reusable token and its request", async () => {
  const { source, server, used } = setUp([() => withSockets()]);
  await Promise.all([source.connect("tts"), source.connect("tts"), source.prefetch(), source.getToken(), source.connect("tts")]);
  assert.equal(server.calls.length, 1);
  assert.deepEqual([used().length, new Set(used()).size], [3, 1]);
});

test("no single-use token is given to two callers, however calls are mixed", async () => {
  for (const isKnown of [false, true]) {
    const { source, opened } = setUp([() => once()], ["open", 1006, "open", "error", 1006, "open"]);
    const taken = [];
    if (isKnown) taken.push((await source.getToken()).token);
    const controller = new AbortController();
    const calls = [
      source.prefetch(), source.connect("tts"), source.connect("tts"), source.prefetch(),
      source.connect("tts", { signal: controller.signal }).catch(() => {}),
      source.connect("stt").catch(() => {}),
      ...[1, 2, 3].map(async () => { taken.push((await source.getToken()).token); }),
      source.connect("tts"), source.connect("tts"),
    ];
    await turn();
    controller.abort();
    await Promise.all(calls);
    await source.prefetch();
    await source.connect("tts");
    source.clear();
    await source.connect("tts");
    for (const { protocols } of opened) taken.push(protocols[1]);
    assert.ok(taken.length >= 10);
    assert.equal(new Set(taken).size, taken.length);
  }
});

test("a single-use token whose handshake fails is replaced once", async () => {
  const { source, server, used } = setUp([() => once()], [1006, "open"]);
  const socket = await source.connect("tts");
  assert.equal(server.calls.length, 2);
  assert.equal(new Set(used()).size, 2);
  assert.equal(socket.protocols[1], used()[1]);
});

test("after a second failure with single-use tokens, the call fails with the close code", async () => {
  for (const [outcome, words] of [[1006, /^The socket tts did not open: close code 1006\. Check /], ["error", /: no close code\./]]) {
    const { source, server, used } = setUp([() => once()], [outcome]);
    await assertFails(source.connect("tts"), "connection_failed", words);
    assert.equal(server.calls.length, 2);
    assert.equal(new Set(used()).size, 2);
  }
});

test("a reusable token that was minted for the call is not replaced, and stays cached", async () => {
  const { source, server, opened } = setUp([() => withSockets()], [1006]);
  await assertFails(source.connect("tts"), "connection_failed");
  assert.equal(opened.length, 1);
  await source.getToken();
  assert.equal(server.calls.length, 1);
});

for (const [what, prepare] of [
  ["cached", (source) => source.getToken()],
  ["prefetched", (source) => source.prefetch()],
]) {
  test(`a ${what} reusable token that fails is dropped, also from the cookie, and replaced once`, async () => {
    for (const outcomes of [[1006, "open"], [1006]]) {
      const { source, methods, used } = setUp([() => withSockets(), deleted, () => withSockets()], outcomes);
      await prepare(source);
      const call = source.connect("tts");
      if (outcomes.length === 2) await call;
      else await assertFails(call, "connection_failed");
      assert.deepEqual(methods(), ["POST", "DELETE", "POST"]);
      assert.equal(new Set(used()).size, 2);
      // The second token was minted for the call, so it stays.
      assert.equal((await source.getToken()).token, used()[1]);
      assert.equal(methods().length, 3);
    }
  });
}

test("a token that is resumed from the cookie and fails is replaced by a minted one", async () => {
  const { source, methods, used } = setUp([() => resumed(), deleted, () => withSockets()], [1006, "open"]);
  await source.connect("tts");
  assert.deepEqual(methods(), ["POST", "DELETE", "POST"]);
  assert.equal(new Set(used()).size, 2);
});

test("a refused DELETE does not end the call", async () => {
  const { source } = setUp([() => resumed(), () => problem(403, "origin_not_allowed"), () => withSockets()], [1006, "open"]);
  await source.connect("tts");
});

test("the same token again is not tried again", async () => {
  const same = () => resumed({ token: "secret-same" });
  const { source, opened } = setUp([same, deleted, same], [1006]);
  await assertFails(source.connect("tts"), "connection_failed");
  assert.equal(opened.length, 1);
});

test("a token whose lifetime passed during the handshake is replaced", async (t) => {
  t.after(() => mock.restoreAll());
  for (const [passed, count] of [[59, 1], [61, 2]]) {
    const { source, opened } = setUp([() => withSockets(), deleted, () => withSockets()], [(socket) => {
      const later = Date.now() + passed * 1000;
      mock.method(Date, "now", () => later);
      setImmediate(() => socket.settle(1006));
    }, "open"]);
    const call = source.connect("tts");
    if (count === 2) await call;
    else await assertFails(call, "connection_failed");
    assert.equal(opened.length, count);
    mock.restoreAll();
  }
});

test("sockets that fail with the same cached token share its replacement", async () => {
  const { source, methods, used } = setUp([() => withSockets(), deleted, () => withSockets()], [1006, 1006, 1006, "open"]);
  await source.getToken();
  const sockets = await Promise.all([source.connect("tts"), source.connect("tts"), source.connect("tts")]);
  assert.deepEqual(methods(), ["POST", "DELETE", "POST"]);
  assert.deepEqual(used().map((each) => each === used()[0]), [true, true, true, false, false, false]);
  assert.equal(new Set(sockets.map(({ protocols }) => protocols[1])).size, 1);
});

test("a failed token that is not cached any more does not drop its successor", async () => {
  let fail;
  const { source, methods, used } = setUp([() => withSockets({ expires_in: 60 }), deleted, () => withSockets()], [
    (socket) => { fail = () => socket.settle(1006); }, 1006, "open",
  ]);
  await source.getToken();
  const slow = source.connect("tts");
  await turn();
  await source.connect("tts"); // drops the token that both have
  const { token: successor } = await source.getToken();
  fail();
  assert.equal((await slow).protocols[1], successor);
  assert.deepEqual(methods(), ["POST", "DELETE", "POST"]);
  assert.equal(used().length, 4);
});

test("an error of the second request is the call's error", async () => {
  const { source } = setUp([() => once(), () => problem(403, "grant_not_allowed")], [1006]);
  await assert.rejects(source.connect("tts"), { code: "grant_not_allowed" });
});

test("if the platform does not create the socket, the call fails at once, without the URL", async () => {
  for (const [members, prepared] of [[{}, true], [{ single_use: true }, false]]) {
    const { source, server } = setUp([() => withSockets(members)], [(socket) => {
      throw Object.assign(new Error(`The URL '${socket.url}' is invalid.`), { name: "SyntaxError" });
    }]);
    if (prepared) await source.getToken();
    const error = await assertFails(source.connect("tts"), "connection_failed", /: SyntaxError\./);
    assert.equal(error.cause, undefined);
    assert.equal(server.calls.length, 1);
  }
});

test("without a WebSocket, the call says which option to set, and gets no token", async (t) => {
  const before = globalThis.WebSocket;
  t.after(() => { globalThis.WebSocket = before; });
  globalThis.WebSocket = undefined;
  const { source, server } = setUp([() => withSockets()], [], { WebSocket: undefined });
  const message = "voicemint: WebSocket must be given: there is none.";
  await assert.rejects(source.connect("tts"), { name: "TypeError", message });
  assert.equal(server.calls.length, 0);
  const { Socket, opened } = socketClass("open");
  globalThis.WebSocket = Socket;
  await source.connect("tts");
  assert.equal(opened.length, 1);
});

for (const [what, args, message] of [
  ["parameters outside of query", ["tts", { model: "secret-model" }], "options must be query, signal and onWait"],
  ["URLSearchParams", ["tts", { query: new URLSearchParams({ key: "secret-key" }) }], "query must be an object of strings, numbers and booleans"],
  ["a query that is an array", ["tts", { query: [["key", "secret-key"]] }], "query must be an object of strings, numbers and booleans"],
  ["a query that is a string", ["tts", { query: "key=secret-key" }], "query must be an object of strings, numbers and booleans"],
  ["a nested query", ["tts", { query: { key: { a: "secret-key" } } }], "query must be an object of strings, numbers and booleans"],
  ["a nested query in an array", ["tts", { query: { key: [{ a: "secret-key" }] } }], "query must be an object of strings, numbers and booleans"],
]) {
  test(`${what} is rejected before a token is requested, and not shown`, async () => {
    const { source, server } = setUp([() => withSockets()]);
    await assert.rejects(source.connect(...args), { name: "TypeError", message: `voicemint: ${message}.` });
    assert.equal(server.calls.length, 0);
  });
}

for (const name of ["wss://api.example/tts?access_token=secret-1", "constructor", 7, undefined]) {
  test(`${name} in the place of the name has an error with the names that exist`, async () => {
    const { source } = setUp([() => withSockets()]);
    const error = await assertFails(source.connect(name), "socket_missing");
    assert.match(error.message, /^The token has no such socket; it has tts[\w, ]*\. Check ask/);
  });
}

/** A socket whose handshake does not end. */
const hanging = () => {};

test("an abort ends the handshake, closes the socket and leaves no listener", async () => {
  const { source, opened } = setUp([() => withSockets()], [hanging]);
  const { controller, signal, listeners } = countedController();
  const call = source.connect("tts", { signal });
  while (opened.length === 0) await turn();
  assert.ok(listeners.size > 0);
  controller.abort(new Error("changed my mind"));
  // React Native's signals have no reason.
  await assert.rejects(call, signal.reason ? /changed my mind/ : { name: "AbortError" });
  assert.ok(opened[0].isClosed);
  assert.equal(listeners.size, 0);
});

test("an abort before the handshake opens no socket", async () => {
  const { reply, release } = held(() => withSockets());
  const { source, opened, server } = setUp([reply]);
  await assert.rejects(source.connect("tts", { signal: aborted() }), { name: "AbortError" });
  assert.equal(server.calls.length, 0);
  const { controller, signal, listeners } = countedController();
  const call = source.connect("tts", { signal });
  await turn();
  controller.abort();
  await assert.rejects(call, { name: "AbortError" });
  release();
  await turn();
  assert.deepEqual([opened.length, listeners.size], [0, 0]);
});

test("an abort has no effect on an open socket", async () => {
  const { source, opened } = setUp([() => withSockets()]);
  const { controller, signal, listeners } = countedController();
  const socket = await source.connect("tts", { signal });
  assert.equal(listeners.size, 0);
  controller.abort();
  source.clear();
  await turn();
  assert.ok(!socket.isClosed && opened.length === 1);
});

test("an abort between the two tokens opens no second socket", async () => {
  const controller = new AbortController();
  const { source, opened } = setUp([() => once(), () => { controller.abort(); return once(); }], [1006]);
  await assert.rejects(source.connect("tts", { signal: controller.signal }), { name: "AbortError" });
  assert.equal(opened.length, 1);
});

const ada = jwt({ iss: "https://issuer.example", sub: "ada" });
const grace = jwt({ iss: "https://issuer.example", sub: "grace" });

for (const [way, leave] of Object.entries({
  "clear()": (source) => source.clear(),
  "signOut()": (source) => source.signOut(),
  "another user's call": (source, app) => {
    app.bearer = grace;
    return source.getToken();
  },
})) {
  test(`${way} during the handshake closes the socket`, async () => {
    const app = { bearer: ada };
    const { source, opened } = setUp([({ method }) => (method === "DELETE" ? deleted() : withSockets())], [hanging], { session: () => app.bearer });
    const rejected = assert.rejects(source.connect("tts"), { code: "cleared" });
    while (opened.length === 0) await turn();
    await leave(source, app);
    await rejected;
    assert.ok(opened[0].isClosed);
    opened[0].settle("open");
  });

  test(`${way} between the two tokens opens no second socket`, async () => {
    const app = { bearer: ada };
    const { reply, release } = held(() => once());
    const replies = [() => once(), reply, ({ method }) => (method === "DELETE" ? deleted() : once())];
    const { source, opened, server } = setUp(replies, [1006, "open"], { session: () => app.bearer });
    const rejected = assert.rejects(source.connect("tts"), { code: "cleared" });
    while (server.calls.length < 2) await turn();
    await leave(source, app);
    release();
    await rejected;
    assert.equal(opened.length, 1);
  });
}

test("another user who signs in between the two tokens does not get the socket of the first user's call", async () => {
  const app = { bearer: ada };
  const { source, opened } = setUp([() => once()], [(socket) => {
    app.bearer = grace;
    setImmediate(() => socket.settle(1006));
  }, "open"], { session: () => app.bearer });
  await assert.rejects(source.connect("tts"), { code: "cleared" });
  assert.equal(opened.length, 1);
});

test("after clear() at any moment, no socket opens with a token of before", async () => {
  for (const single_use of [false, true]) {
    for (let moment = 0; moment < 60; moment += 1) {
      let user = "ada";
      const sent = [];
      const fetch = async () => {
        sent.push(user);
        return withSockets({ single_use, token: `of-${user}-${sent.length}` });
      };
      const { Socket, opened } = socketClass((socket) => queueMicrotask(() => socket.settle("open")));
      const source = createTokenSource("/cartesia/token", { fetch, WebSocket: Socket, session: async () => user });
      const call = source.connect("tts").then(() => "open", ({ code }) => code);
      for (let count = 0; count < moment; count += 1) await null;
      const { length } = opened;
      source.clear();
      user = "grace";
      const result = await call;
      assert.match(result, /^(open|cleared)$/);
      assert.ok(opened.slice(length).every(({ protocols }) => protocols[1].startsWith("of-grace")), `after ${moment} turns`);
      if (result === "cleared") assert.ok(opened.every(({ isClosed }) => isClosed), `after ${moment} turns`);
      assert.match((await source.connect("tts")).protocols[1], /^of-grace/);
    }
  }
});

test("after an abort at any moment, no socket is created, and none stays open", async () => {
  for (let moment = 0; moment < 60; moment += 1) {
    const { Socket, opened } = socketClass((socket) => queueMicrotask(() => socket.settle("open")));
    const source = createTokenSource("/cartesia/token", { fetch: async () => once(), WebSocket: Socket, session: async () => "ada" });
    const controller = new AbortController();
    const call = source.connect("tts", { signal: controller.signal }).then(() => "open", ({ name }) => name);
    for (let count = 0; count < moment; count += 1) await null;
    const { length } = opened;
    controller.abort();
    const result = await call;
    assert.match(result, /^(open|AbortError)$/);
    assert.equal(opened.length, length, `after ${moment} turns`);
    if (result !== "open") assert.ok(opened.every(({ isClosed }) => isClosed), `after ${moment} turns`);
  }
});

test("a name in the URL is not filled with a text that would change the path", async () => {
  for (const voice_id of ["", ".", "..", null, undefined]) {
    const { source, opened } = setUp([() => withSockets({ url: "wss://a.example/{voice_id}/stream?t=", single_use: true })]);
    await assert.rejects(source.connect("tts", { query: { voice_id } }), /query\.voice_id must be given/);
    const socket = await source.connect("tts", { query: { voice_id: "../x", seed: "" } });
    assert.match(socket.url, /^wss:\/\/a\.example\/\.\.%2Fx\/stream\?t=secret-\d+&seed=$/);
    assert.equal(opened.length, 1);
  }
});
