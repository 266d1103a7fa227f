import assert from "node:assert/strict";
import { test } from "node:test";

import { createTokenSource } from "../voicemint.js";
import { endpoint, held, token } from "./endpoint.js";

const once = () => token({ provider: "elevenlabs", single_use: true, expires_in: 900 });

function source(server) {
  return createTokenSource("/elevenlabs/token", { fetch: server.fetch, ask: { token_type: "realtime_scribe" } });
}

test("each call gets its own token, even before the first response", async () => {
  const { reply, release } = held(once);
  const server = endpoint(reply);
  const tokens = source(server);
  const first = Array.from({ length: 5 }, () => tokens.getToken());
  release();
  const later = await Promise.all([...first, tokens.getToken(), tokens.getToken()]);
  assert.equal(new Set(later.map((each) => each.token)).size, 7);
  assert.equal(server.calls.length, 7);
});

test("after the first response, calls do not share a request", async () => {
  const { reply, release } = held(once);
  const server = endpoint(once, reply);
  const tokens = source(server);
  await tokens.getToken();
  const calls = [tokens.getToken(), tokens.getToken()];
  await new Promise(setImmediate);
  assert.equal(server.calls.length, 3);
  release();
  await Promise.all(calls);
});

test("a prefetched token is returned once", async () => {
  const server = endpoint(once);
  const tokens = source(server);
  await Promise.all([tokens.prefetch(), tokens.prefetch()]);
  await tokens.prefetch();
  assert.equal(server.calls.length, 1);
  const [one, two] = await Promise.all([tokens.getToken(), tokens.getToken()]);
  assert.notEqual(one.token, two.token);
  assert.equal(server.calls.length, 2);
});

test("a call during a prefetch gets the prefetched token", async () => {
  const { reply, release } = held(once);
  const server = endpoint(once, reply);
  const tokens = source(server);
  await tokens.getToken();
  const [prefetch, call] = [tokens.prefetch(), tokens.getToken()];
  release();
  await prefetch;
  const first = await call;
  assert.equal(server.calls.length, 2);
  assert.notEqual((await tokens.getToken()).token, first.token);
  assert.equal(server.calls.length, 3);
});

test("a stale prefetched token is not returned", async (t) => {
  const server = endpoint(once);
  const tokens = source(server);
  await tokens.prefetch();
  const later = Date.now() + 899_000;
  t.mock.method(Date, "now", () => later);
  await tokens.getToken();
  assert.equal(server.calls.length, 2);
});

test("the token of an aborted call is not returned to another call", async () => {
  const { reply, release } = held(once);
  const server = endpoint(once, reply);
  const tokens = source(server);
  await tokens.getToken();
  const controller = new AbortController();
  const call = tokens.getToken({ signal: controller.signal });
  await Promise.resolve();
  controller.abort();
  release();
  await assert.rejects(call, { name: "AbortError" });
});
