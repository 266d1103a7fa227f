// A dropped connection, as on a phone that returns from the background, is retried once.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createTokenSource } from "../voicemint.js";
import { endpoint, hurry, problem, token } from "./endpoint.js";

const dropped = () => { throw new TypeError("Load failed"); };

/** A response whose connection ends before its body. */
const cutOff = () => new Response(new ReadableStream({
  start(controller) {
    controller.enqueue(new TextEncoder().encode('{"token":"'));
    controller.error(new TypeError("terminated"));
  },
}));

for (const [how, lost] of [["a dropped connection", dropped], ["a response that is cut off", cutOff]]) {
  test(`${how} is retried once, after one second, and then reported`, async (t) => {
    const waited = hurry(t);
    const server = endpoint(lost, () => token(), lost);
    const source = createTokenSource("/cartesia/token", { fetch: server.fetch });
    assert.equal((await source.getToken()).provider, "cartesia");
    source.clear();
    await assert.rejects(source.getToken(), { code: "network_error" });
    assert.equal(server.calls.length, 4);
    assert.deepEqual(waited, [1000, 1000]);
  });
}

test("with maxWait 0, the retry is immediate", async (t) => {
  const waited = hurry(t);
  const server = endpoint(dropped, () => token());
  await createTokenSource("/cartesia/token", { fetch: server.fetch, maxWait: 0 }).getToken();
  assert.deepEqual(waited, [0]);
});

test("a token's lifetime starts with the try that returned it", async (t) => {
  t.after(() => t.mock.restoreAll());
  hurry(t);
  const started = Date.now();
  const server = endpoint(() => {
    t.mock.method(Date, "now", () => started + 50_000); // the phone was in a pocket
    return dropped();
  }, () => token());
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch });
  await source.getToken();
  await source.getToken();
  assert.equal(server.calls.length, 2, "the token is fresh, so it was cached");
});

test("signing out is retried once too", async (t) => {
  hurry(t);
  const server = endpoint(dropped, () => new Response(null, { status: 204 }));
  await createTokenSource("/cartesia/token", { fetch: server.fetch }).signOut();
  assert.deepEqual(server.calls.map(({ method }) => method), ["DELETE", "DELETE"]);
});

test("an error response is not treated as a dropped connection", async (t) => {
  hurry(t);
  const server = endpoint(() => problem(403, "grant_not_allowed"));
  await assert.rejects(createTokenSource("/cartesia/token", { fetch: server.fetch }).getToken(), { code: "grant_not_allowed" });
  assert.equal(server.calls.length, 1);
});

test("a call that is aborted before the retry sends no more requests", async () => {
  for (const leave of [(source) => source.clear(), (_, controller) => controller.abort()]) {
    const controller = new AbortController();
    const server = endpoint(() => {
      setImmediate(() => leave(source, controller));
      return dropped();
    }, () => token());
    const source = createTokenSource("/cartesia/token", { fetch: server.fetch });
    await assert.rejects(source.getToken({ signal: controller.signal }), (error) => error.code === "cleared" || error.name === "AbortError");
    await new Promise((resolve) => { setTimeout(resolve, 1100); });
    assert.equal(server.calls.length, 1);
  }
});
