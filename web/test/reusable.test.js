import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { createTokenSource } from "../voicemint.js";
import { aborted, endpoint, held, problem, token } from "./endpoint.js";

/** Lets wall-clock time pass and nothing else, as when a laptop sleeps. */
function sleepLaptop(seconds) {
  const wakes = Date.now() + seconds * 1000;
  mock.method(Date, "now", () => wakes);
}

test("a token is kept and given again", async () => {
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

test("a token is shared by all who ask: nobody can spoil it", async () => {
  const source = createTokenSource("/cartesia/token", { fetch: endpoint(() => token()).fetch });
  const given = await source.getToken();
  assert.throws(() => { given.token = "spoilt"; }, TypeError);
});

test("a token that is kept is not fetched ahead", async () => {
  const server = endpoint(() => token());
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch });
  await source.getToken();
  await source.prefetch();
  assert.equal(server.calls.length, 1);
});

test("nothing to ask for is an empty body", async () => {
  const server = endpoint(() => token());
  await createTokenSource("/cartesia/token", { fetch: server.fetch }).getToken();
  assert.equal(server.calls[0].body, undefined);
  assert.deepEqual(server.calls[0].headers, {});
});

test("calls at the same time share one request", async () => {
  const { answer, release } = held(() => token());
  const server = endpoint(answer);
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch });
  const calls = Array.from({ length: 50 }, () => source.getToken());
  release();
  assert.equal(new Set((await Promise.all(calls)).map((each) => each.token)).size, 1);
  assert.equal(server.calls.length, 1);
});

test("a token is fetched anew before it expires, and after a sleep in which it did", async (t) => {
  t.after(() => mock.restoreAll());
  for (const [lasts, passed, anew] of [
    [60, 53, false], [60, 55, true], [60, 3600, true], [3600, 3200, false], [3600, 3300, true], [4, 1, false], [4, 3, true],
  ]) {
    const server = endpoint(() => token({ expires_in: lasts }));
    const source = createTokenSource("/cartesia/token", { fetch: server.fetch });
    const first = await source.getToken();
    sleepLaptop(passed);
    const second = await source.getToken();
    assert.equal(first.token !== second.token, anew, `${passed} s of ${lasts} s`);
    mock.restoreAll();
  }
});

test("a clock that is set back makes no token last longer", async (t) => {
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

test("a token's time runs from before it is asked for", async (t) => {
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

test("what has expired on its way is asked for once more, and no more than that", async (t) => {
  for (const single_use of [false, true]) {
    for (const [lasts, took, calls] of [[60, [61, 0], 2], [60, [61, 61], 2], [60, [56], 1], [1, [1, 0], 2], [1, [0], 1], [5, [3], 1], [0, [9], 1]]) {
      const times = [...took];
      const server = endpoint(() => {
        sleepLaptop(times.shift());
        return token({ expires_in: lasts, single_use });
      });
      const source = createTokenSource("/cartesia/token", { fetch: server.fetch });
      await source.getToken();
      mock.restoreAll();
      assert.equal(server.calls.length, calls, `${lasts} s that came after ${took} s`);
    }
  }
});

test("whoever gives up waits no longer, and the last one ends the request", async () => {
  const { answer, release } = held(() => token());
  let ended = 0;
  const server = endpoint((init) => {
    init.signal.addEventListener("abort", () => { ended += 1; });
    return answer(init);
  });
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch });
  const [first, second] = [new AbortController(), new AbortController()];
  const one = source.getToken({ signal: first.signal });
  const two = source.getToken({ signal: second.signal });
  await new Promise(setImmediate);
  first.abort(new Error("changed my mind"));
  // React Native's signals do not say why.
  await assert.rejects(one, first.signal.reason ? /changed my mind/ : { name: "AbortError" });
  assert.equal(ended, 0, "another still waits");
  second.abort();
  await assert.rejects(two, { name: "AbortError" });
  assert.equal(ended, 1);
  release();
  assert.equal((await source.getToken()).provider, "cartesia", "a later call starts afresh");
  await assert.rejects(source.getToken({ signal: aborted() }), { name: "AbortError" });
});

test("what is cleared is not given to whoever signs in next", async () => {
  const { answer, release } = held(() => token());
  const server = endpoint(answer, () => token());
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch });
  const asked = source.getToken();
  await new Promise(setImmediate);
  source.clear();
  await assert.rejects(asked, { code: "cleared" });
  release();
  const after = await source.getToken();
  assert.equal(server.calls.length, 2);
  source.clear();
  assert.notEqual((await source.getToken()).token, after.token);
});

test("signing out expires the cookie", async () => {
  const server = endpoint(() => token(), new Response(null, { status: 204 }), () => token());
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch, credentials: "include" });
  await source.getToken();
  await source.signOut();
  assert.equal(server.calls[1].method, "DELETE");
  assert.equal(server.calls[1].credentials, "include");
  await source.getToken();
  assert.equal(server.calls.length, 3);
});

test("the app's session goes along as Bearer, asked for each time", async () => {
  const server = endpoint(() => token({ expires_in: 0 }));
  const sessions = ["one", "two", null];
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch, session: async () => sessions.shift() });
  for (let call = 0; call < 3; call += 1) await source.getToken();
  assert.deepEqual(server.calls.map((call) => call.headers.authorization), ["Bearer one", "Bearer two", undefined]);
});

test("a token that is stale on arrival is not fetched ahead again and again", async (t) => {
  t.after(() => mock.restoreAll());
  const server = endpoint(() => {
    sleepLaptop(100); // the answer took longer than the token lasts
    return token();
  });
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch });
  const seen = server.calls;
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 200);
  await source.prefetch({ signal: stop.signal });
  assert.equal(seen.length, 2, "once more, and no more than that");
});

test("a cookie that could not be expired is no success", async () => {
  for (const [reply, code] of [
    [() => problem(403, "origin_not_allowed"), "origin_not_allowed"],
    [new TypeError("fetch failed"), "network_error"],
  ]) {
    const source = createTokenSource("/cartesia/token", { fetch: endpoint(reply).fetch });
    await assert.rejects(source.signOut(), { name: "VoicemintError", code });
  }
});
