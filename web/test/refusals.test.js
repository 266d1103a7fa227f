import assert from "node:assert/strict";
import { test } from "node:test";

import { VoicemintError, createTokenSource } from "../voicemint.js";
import { endpoint, hurry, problem, token } from "./endpoint.js";
import { socketClass } from "./sockets.js";

test("a problem document becomes a typed error with code and advice", async () => {
  const server = endpoint(() => problem(403, "grant_not_allowed"));
  const call = createTokenSource("/cartesia/token", { fetch: server.fetch }).getToken();
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof VoicemintError && error instanceof Error);
    const { name, code, title, detail, message, status, requestId } = error;
    assert.deepEqual([name, code, status, requestId], ["VoicemintError", "grant_not_allowed", 403, "r-1"]);
    assert.equal(title, "Title of grant_not_allowed");
    assert.equal(detail, "Because of grant_not_allowed.");
    assert.equal(message, detail);
    return true;
  });
  assert.equal(server.calls.length, 1, "a permanent error is not retried");
});

/** A response whose connection ends before its body. */
const cutOff = (status) => new Response(new ReadableStream({
  start(controller) {
    controller.enqueue(new TextEncoder().encode('{"token":"'));
    controller.error(new TypeError("terminated"));
  },
}), { status });

test("responses of other servers and network errors have their own codes", async (t) => {
  hurry(t);
  for (const [reply, code] of [
    [new TypeError("fetch failed"), "network_error"],
    [() => new Response("<html>", { status: 502 }), "unexpected_answer"],
    [() => new Response("<html>", { status: 200 }), "unexpected_answer"],
    [() => Response.json({ code: 7 }, { status: 500 }), "unexpected_answer"],
    [() => Response.json(null), "unexpected_answer"],
    [() => cutOff(200), "network_error"],
  ]) {
    const source = createTokenSource("/cartesia/token", { fetch: endpoint(reply).fetch });
    await assert.rejects(source.getToken(), { code });
  }
});

test("429 and 503 wait for Retry-After and call onWait", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const waits = [];
  const server = endpoint(
    () => problem(429, "rate_limited", { "retry-after": "7" }),
    () => problem(503, "provider_unavailable", { "retry-after": "2" }),
    () => problem(503, "session_unavailable"),
    () => token(),
  );
  const onWait = (seconds, error) => { waits.push([seconds, error.code]); };
  const call = createTokenSource("/cartesia/token", { fetch: server.fetch, onWait }).getToken();
  for (let step = 0; step < 40; step += 1) {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    await new Promise(setImmediate);
    if (step === 6) assert.equal(server.calls.length, 1, "not before Retry-After");
    t.mock.timers.tick(1000);
  }
  assert.equal((await call).provider, "cartesia");
  assert.deepEqual(waits, [[7, "rate_limited"], [2, "provider_unavailable"], [2, "session_unavailable"]]);
});

for (const [kind, single_use, isKnown] of [["reusable", false, false], ["single-use", true, false], ["known single-use", true, true]]) {
  test(`each call's own onWait is called too, with ${kind} tokens`, async (t) => {
    hurry(t);
    const refused = () => problem(429, "rate_limited", { "retry-after": "1" });
    const first = isKnown ? [() => token({ single_use })] : [];
    const server = endpoint(...first, ...[1, 2, 3, 4].map(() => refused), () => token({ single_use }));
    const told = [];
    const listener = (name) => (seconds, error) => { told.push(`${name} ${seconds} ${error.code}`); };
    const source = createTokenSource("/cartesia/token", { fetch: server.fetch, onWait: listener("source") });
    if (isKnown) await source.getToken();
    const same = listener("both");
    await Promise.all([source.getToken({ onWait: same }), source.getToken({ onWait: same }), source.getToken({ onWait: undefined })]);
    const count = (name) => told.filter((line) => line.startsWith(name)).length;
    assert.ok(count("source") > 0 && count("both") > 0);
    if (!isKnown) assert.equal(count("both"), 2 * count("source"), "the calls share a request");
    assert.ok(told.every((line) => line.endsWith("rate_limited")));
    const { length } = told;
    await source.prefetch();
    assert.equal(told.length, length);
  });
}

test("prefetch() and connect() call their own onWait", async (t) => {
  hurry(t);
  const refused = () => problem(503, "provider_unavailable", { "retry-after": "1" });
  const connect = { tts: { url: "wss://a.example", protocols: [] } };
  const { Socket } = socketClass("open");
  for (const [name, ...args] of [["prefetch"], ["connect", "tts"]]) {
    const server = endpoint(refused, () => token({ connect }));
    const waits = [];
    const source = createTokenSource("/cartesia/token", { fetch: server.fetch, WebSocket: Socket });
    await source[name](...args, { onWait: (seconds) => waits.push(seconds) });
    assert.deepEqual(waits, [1], name);
  }
});

test("a call that has ended is not told about waits", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const server = endpoint(() => problem(429, "rate_limited", { "retry-after": "1" }));
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch });
  const waits = { first: 0, second: 0 };
  const controller = new AbortController();
  const first = source.getToken({ signal: controller.signal, onWait: () => { waits.first += 1; } }).catch(() => {});
  const second = source.getToken({ onWait: () => { waits.second += 1; } });
  while (waits.second < 1) await new Promise(setImmediate);
  controller.abort();
  await first;
  t.mock.timers.tick(1000);
  while (waits.second < 2) await new Promise(setImmediate);
  assert.deepEqual(waits, { first: 1, second: 2 });
  const ended = assert.rejects(second, { code: "cleared" });
  source.clear();
  await ended;
});

test("an error of one call's onWait is reported, and does not reject the others", async (t) => {
  hurry(t);
  const server = endpoint(() => problem(429, "rate_limited", { "retry-after": "1" }), () => token());
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch });
  const listeners = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  t.after(() => listeners.forEach((each) => process.on("unhandledRejection", each)));
  const reported = new Promise((resolve) => { process.once("unhandledRejection", resolve); });
  const [one, two] = await Promise.all([source.getToken({ onWait: () => { throw new Error("of the app"); } }), source.getToken()]);
  assert.equal(one, two);
  assert.equal((await reported).message, "of the app");
});

test("Retry-After may be a date", async () => {
  const date = new Date(Date.now() + 5000).toUTCString();
  const server = endpoint(() => problem(503, "provider_unavailable", { "retry-after": date }));
  const call = createTokenSource("/cartesia/token", { fetch: server.fetch, maxWait: 0 }).getToken();
  await assert.rejects(call, ({ retryAfter }) => retryAfter > 3 && retryAfter <= 5);
});

test("retries back off even with Retry-After 0", async (t) => {
  const waited = hurry(t);
  const refused = () => problem(429, "rate_limited", { "retry-after": "0" });
  const server = endpoint(refused, refused, refused, refused, () => token());
  await createTokenSource("/cartesia/token", { fetch: server.fetch }).getToken();
  assert.deepEqual(waited, [500, 1000, 2000, 4000]);
});

test("the waits of a call together do not exceed maxWait", async (t) => {
  const waited = hurry(t);
  const server = endpoint(() => problem(429, "rate_limited", { "retry-after": "12" }));
  await assert.rejects(createTokenSource("/cartesia/token", { fetch: server.fetch }).getToken(), { code: "rate_limited" });
  assert.deepEqual(waited, [12_000, 12_000]);
});

test("a wait does not exceed the maximum of timers", async (t) => {
  const waited = hurry(t);
  const server = endpoint(() => problem(429, "rate_limited", { "retry-after": "3000000" }), () => token());
  await createTokenSource("/cartesia/token", { fetch: server.fetch, maxWait: Infinity }).getToken();
  assert.deepEqual(waited, [2 ** 31 - 1]);
});

test("a wait longer than maxWait rejects immediately", async () => {
  const server = endpoint(() => problem(429, "rate_limited", { "retry-after": "31" }));
  const call = createTokenSource("/cartesia/token", { fetch: server.fetch }).getToken();
  await assert.rejects(call, { code: "rate_limited", retryAfter: 31 });
  const none = createTokenSource("/cartesia/token", { fetch: server.fetch, maxWait: 0 });
  await assert.rejects(none.getToken(), { code: "rate_limited" });
  assert.equal(server.calls.length, 2);
});

test("a wait can be aborted", async () => {
  const server = endpoint(() => problem(429, "rate_limited", { "retry-after": "20" }));
  const controller = new AbortController();
  const onWait = () => controller.abort(new Error("enough"));
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch, onWait });
  const error = await source.getToken({ signal: controller.signal }).catch((thrown) => thrown);
  // React Native's signals have no reason.
  assert.match(`${error}`, controller.signal.reason ? /enough/ : /^AbortError/);
});

test("401 calls onUnauthenticated once", async () => {
  const server = endpoint(() => problem(401, "session_expired"), () => token(), () => problem(401, "session_invalid"));
  const seen = [];
  const onUnauthenticated = async (error) => seen.push(error.code);
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch, onUnauthenticated });
  assert.equal((await source.getToken()).provider, "cartesia");
  source.clear();
  await assert.rejects(source.getToken(), { code: "session_invalid" });
  assert.deepEqual(seen, ["session_expired", "session_invalid"]);
  assert.equal(server.calls.length, 4);
  const declined = createTokenSource("/cartesia/token", { fetch: server.fetch, onUnauthenticated: () => false });
  await assert.rejects(declined.getToken(), { code: "session_invalid" });
  assert.equal(server.calls.length, 5);
});

test("concurrent calls call onUnauthenticated once", async () => {
  const server = endpoint(() => problem(401, "session_missing"), () => token());
  let signIns = 0;
  const onUnauthenticated = () => { signIns += 1; return true; };
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch, onUnauthenticated });
  await Promise.all([source.getToken(), source.getToken(), source.getToken()]);
  assert.equal(signIns, 1);
});

test("concurrent calls for single-use tokens call onUnauthenticated once, and later calls call it again", async () => {
  let isSignedIn = true;
  let signIns = 0;
  const server = endpoint(() => (isSignedIn ? token({ single_use: true }) : problem(401, "session_expired")));
  const onUnauthenticated = async () => {
    signIns += 1;
    await new Promise(setImmediate);
    isSignedIn = true;
    return true;
  };
  const source = createTokenSource("/elevenlabs/token", { fetch: server.fetch, onUnauthenticated });
  await source.getToken();
  for (const times of [1, 2]) {
    isSignedIn = false;
    const tokens = await Promise.all([source.getToken(), source.getToken(), source.getToken()]);
    assert.equal(new Set(tokens.map((each) => each.token)).size, 3);
    assert.equal(signIns, times);
  }
});

test("an error of onUnauthenticated rejects the call, and the next call calls it again", async () => {
  const server = endpoint(() => problem(401, "session_missing"));
  const failures = [() => { throw new Error("sync"); }, () => Promise.reject(new Error("async")), () => false];
  const onUnauthenticated = () => failures.shift()();
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch, onUnauthenticated });
  await assert.rejects(source.getToken(), /sync/);
  await assert.rejects(source.getToken(), /async/);
  await assert.rejects(source.getToken(), { code: "session_missing" });
});

test("getToken() rejects with the error of the app's session()", async () => {
  for (const thrown of [Object.assign(new Error("no"), { status: 401 }), Object.assign(new Error("no"), { status: 503 }), undefined]) {
    let calls = 0;
    const server = endpoint(() => token());
    const source = createTokenSource("/cartesia/token", {
      fetch: server.fetch,
      session: async () => {
        calls += 1;
        throw thrown;
      },
      onUnauthenticated: () => assert.fail("the endpoint did not return 401"),
      onWait: () => assert.fail("the endpoint did not return 429 or 503"),
    });
    await assert.rejects(source.getToken(), (error) => error === thrown);
    assert.deepEqual([calls, server.calls.length], [1, 0]);
  }
});

test("clear() during onUnauthenticated rejects the pending calls, and later calls are the new user's", async () => {
  const server = endpoint(() => problem(401, "session_expired"), () => token());
  const onUnauthenticated = async () => {
    await new Promise(setImmediate);
    source.clear();
    return true;
  };
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch, onUnauthenticated });
  const calls = [source.getToken(), source.getToken()];
  await Promise.all(calls.map((call) => assert.rejects(call, { code: "cleared" })));
  assert.equal(server.calls.length, 1, "no request is sent for the previous user");
  assert.equal((await source.getToken()).provider, "cartesia");
});
