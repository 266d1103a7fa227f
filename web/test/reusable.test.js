import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { createTokenSource } from "../voicemint.js";
import { aborted, endpoint, held, problem, token } from "./endpoint.js";

/** Advances only the wall clock, as during a laptop's sleep. */
function sleepLaptop(seconds) {
  const wakes = Date.now() + seconds * 1000;
  mock.method(Date, "now", () => wakes);
}

test("a token is cached and returned again", async () => {
  const server = endpoint(() => token());
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch, ask: { grants: { tts: true } } });
  const first = await source.getToken();
  assert.deepEqual(await source.getToken(), first);
  assert.equal(server.calls.length, 1);
  assert.equal(server.calls[0].method, "POST");
  assert.equal(server.calls[0].body, '{"grants":{"tts":true}}');
  assert.equal(server.calls[0].headers["content-type"], "application/json");
  assert.equal(first.source, "minted");
});

test("the shared token object is frozen", async () => {
  const source = createTokenSource("/cartesia/token", { fetch: endpoint(() => token()).fetch });
  const shared = await source.getToken();
  assert.throws(() => { shared.token = "changed"; }, TypeError);
});

test("a cached token is not prefetched", async () => {
  const server = endpoint(() => token());
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch });
  await source.getToken();
  await source.prefetch();
  assert.equal(server.calls.length, 1);
});

test("without `ask`, the request has no body", async () => {
  const server = endpoint(() => token());
  await createTokenSource("/cartesia/token", { fetch: server.fetch }).getToken();
  assert.equal(server.calls[0].body, undefined);
  assert.deepEqual(server.calls[0].headers, {});
});

test("concurrent calls share one request", async () => {
  const { reply, release } = held(() => token());
  const server = endpoint(reply);
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch });
  const calls = Array.from({ length: 50 }, () => source.getToken());
  release();
  assert.equal(new Set((await Promise.all(calls)).map((each) => each.token)).size, 1);
  assert.equal(server.calls.length, 1);
});

test("a token is fetched again before it expires, and after a sleep during which it expired", async (t) => {
  t.after(() => mock.restoreAll());
  for (const [lifetime, passed, isNew] of [
    [60, 53, false], [60, 55, true], [60, 3600, true], [3600, 3200, false], [3600, 3300, true], [4, 1, false], [4, 3, true],
  ]) {
    const server = endpoint(() => token({ expires_in: lifetime }));
    const source = createTokenSource("/cartesia/token", { fetch: server.fetch });
    const first = await source.getToken();
    sleepLaptop(passed);
    const second = await source.getToken();
    assert.equal(first.token !== second.token, isNew, `${passed} s of ${lifetime} s`);
    mock.restoreAll();
  }
});

test("setting the clock back does not extend a token", async (t) => {
  t.after(() => mock.restoreAll());
  const server = endpoint(() => token());
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch });
  await source.getToken();
  sleepLaptop(-3600);
  const started = performance.now();
  mock.method(performance, "now", () => started + 58_000);
  await source.getToken();
  assert.equal(server.calls.length, 2);
});

test("a token's lifetime starts before its request", async (t) => {
  t.after(() => mock.restoreAll());
  const server = endpoint(() => {
    sleepLaptop(30);
    return token();
  });
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch });
  await source.getToken();
  sleepLaptop(20);
  await source.getToken();
  assert.equal(server.calls.length, 1);
  sleepLaptop(6);
  await source.getToken();
  assert.equal(server.calls.length, 2);
});

test("a token that has expired on arrival is requested exactly once more", async (t) => {
  for (const single_use of [false, true]) {
    for (const [lifetime, took, calls] of [[60, [61, 0], 2], [60, [61, 61], 2], [60, [56], 1], [1, [1, 0], 2], [1, [0], 1], [5, [3], 1], [0, [9], 1]]) {
      const times = [...took];
      const server = endpoint(() => {
        sleepLaptop(times.shift());
        return token({ expires_in: lifetime, single_use });
      });
      const source = createTokenSource("/cartesia/token", { fetch: server.fetch });
      await source.getToken();
      mock.restoreAll();
      assert.equal(server.calls.length, calls, `${lifetime} s, received after ${took} s`);
    }
  }
});

test("an aborted call ends immediately, and the last one aborts the request", async () => {
  const { reply, release } = held(() => token());
  let ended = 0;
  const server = endpoint((init) => {
    init.signal.addEventListener("abort", () => { ended += 1; });
    return reply(init);
  });
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch });
  const [first, second] = [new AbortController(), new AbortController()];
  const one = source.getToken({ signal: first.signal });
  const two = source.getToken({ signal: second.signal });
  await new Promise(setImmediate);
  first.abort(new Error("changed my mind"));
  // React Native's signals have no reason.
  await assert.rejects(one, first.signal.reason ? /changed my mind/ : { name: "AbortError" });
  assert.equal(ended, 0, "another call still waits");
  second.abort();
  await assert.rejects(two, { name: "AbortError" });
  assert.equal(ended, 1);
  release();
  assert.equal((await source.getToken()).provider, "cartesia", "a later call sends a new request");
  await assert.rejects(source.getToken({ signal: aborted() }), { name: "AbortError" });
});

test("a cleared token is not returned to the next user", async () => {
  const { reply, release } = held(() => token());
  const server = endpoint(reply, () => token());
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch });
  const call = source.getToken();
  await new Promise(setImmediate);
  source.clear();
  await assert.rejects(call, { code: "cleared" });
  release();
  const after = await source.getToken();
  assert.equal(server.calls.length, 2);
  source.clear();
  assert.notEqual((await source.getToken()).token, after.token);
});

test("signOut() deletes the cookie", async () => {
  const server = endpoint(() => token(), new Response(null, { status: 204 }), () => token());
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch, credentials: "include" });
  await source.getToken();
  await source.signOut();
  assert.equal(server.calls[1].method, "DELETE");
  assert.equal(server.calls[1].credentials, "include");
  await source.getToken();
  assert.equal(server.calls.length, 3);
});

test("each request sends the current session as a Bearer token", async () => {
  const server = endpoint(() => token({ expires_in: 0 }));
  const sessions = ["one", "two", null];
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch, session: async () => sessions.shift() });
  for (let call = 0; call < 3; call += 1) await source.getToken();
  assert.deepEqual(server.calls.map((call) => call.headers.authorization), ["Bearer one", "Bearer two", undefined]);
});

test("a token that is stale on arrival is not prefetched repeatedly", async (t) => {
  t.after(() => mock.restoreAll());
  const server = endpoint(() => {
    sleepLaptop(100); // the response took longer than the token's lifetime
    return token();
  });
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch });
  const seen = server.calls;
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 200);
  await source.prefetch({ signal: stop.signal });
  assert.equal(seen.length, 2, "exactly one retry");
});

test("signOut() rejects if the cookie could not be deleted", async () => {
  for (const [reply, code] of [
    [() => problem(403, "origin_not_allowed"), "origin_not_allowed"],
    [new TypeError("fetch failed"), "network_error"],
    [() => new Response("<title>Sign in</title>", { headers: { "content-type": "text/html" } }), "unexpected_answer"],
  ]) {
    const source = createTokenSource("/cartesia/token", { fetch: endpoint(reply).fetch });
    await assert.rejects(source.signOut(), { name: "VoicemintError", code });
  }
});

test("a token cannot be changed at any depth, because several callers get it", async () => {
  const connect = { tts: { url: "wss://a.example", protocols: ["bearer"] } };
  const source = createTokenSource("/cartesia/token", { fetch: endpoint(() => token({ connect })).fetch });
  const given = await source.getToken();
  assert.throws(() => { given.token = ""; }, TypeError);
  assert.throws(() => { given.connect.tts.url += "?model=m"; }, TypeError);
  assert.throws(() => given.connect.tts.protocols.push("b"), TypeError);
  assert.deepEqual((await source.getToken()).connect, connect);
});
