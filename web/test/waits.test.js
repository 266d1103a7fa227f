import assert from "node:assert/strict";
import { test } from "node:test";

import { createTokens, formatDuration } from "../page/tokens.js";
import { problem } from "./endpoint.js";

const providers = { cartesia: { label: "Cartesia" }, elevenlabs: { label: "ElevenLabs" } };

const refusing = (t, seconds) => t.mock.method(globalThis, "fetch", async () => problem(429, "rate_limited", { "retry-after": seconds }));

const turn = () => new Promise(setImmediate);

test("a duration is rounded up", () => {
  for (const [seconds, text] of [
    [-1, "0 s"],
    [0.2, "1 s"],
    [120, "120 s"],
    [121, "3 min"],
    [3540, "59 min"],
    [3541, "1 h"],
    [3601, "1 h 1 min"],
    [53_955, "15 h"],
  ]) assert.equal(formatDuration(seconds * 1000), text);
});

for (const method of ["prefetch", "getToken"]) {
  test(`${method}: only its provider waits, and an abort ends the wait`, async (t) => {
    refusing(t, "20");
    const tokens = createTokens({ providers, currentUser: () => "ada", onChange: () => {} });
    const controller = new AbortController();
    const call = tokens[method]("cartesia", {}, controller.signal);
    while (tokens.state("cartesia")[0] !== "waiting") await turn();
    assert.deepEqual(tokens.state("cartesia").slice(1), ["The page waits 20 s, then retries.", "20 s"]);
    assert.equal(tokens.state("elevenlabs")[0], "none");
    controller.abort();
    await assert.rejects(call, { name: "AbortError" });
    assert.deepEqual(tokens.state("cartesia"), ["refused", "The endpoint responded with 429.", "Try again in 20 s."]);
  });
}

test("a wait that is too long is shown until it ends, without a retry", async (t) => {
  const { mock } = refusing(t, "48000");
  const tokens = createTokens({ providers, currentUser: () => "ada", onChange: () => {} });
  await assert.rejects(tokens.prefetch("cartesia", {}), { code: "rate_limited", retryAfter: 48_000 });
  assert.equal(mock.callCount(), 1);
  assert.equal(tokens.state("cartesia")[2], "Try again in 13 h 20 min.");
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() + 48_000_000 });
  assert.equal(tokens.state("cartesia")[2], "");
});
