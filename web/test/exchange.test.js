import assert from "node:assert/strict";
import { test } from "node:test";

import { fromBase64, toBase64 } from "../base64.js";
import { recorded, shortened, steps, withShortToken } from "../page/exchange.js";

test("the steps of Server-Timing and the network time add up to the total", () => {
  assert.deepEqual(steps("session;dur=0.5, secret;dur=0, provider;dur=2", 10), [
    { name: "session", ms: 0.5 },
    { name: "secret", ms: 0 },
    { name: "provider", ms: 2 },
    { name: "network", ms: 7.5 },
  ]);
  assert.deepEqual(steps(null, 3), [{ name: "network", ms: 3 }]);
  assert.equal(steps("provider;dur=5", 4).at(-1).ms, 0, "clocks differ");
});

test("no token is shown in full", () => {
  for (const token of ["T", "standin_car_0123456789abcdef0123456789abcdef", "x".repeat(2000)]) {
    assert.ok(!shortened(token).includes(token));
    assert.ok(shortened(token).includes(`(${token.length} characters)`));
  }
});

test("a shown response has the whole token neither in a URL nor in a subprotocol", () => {
  const token = "tok%41+a/b=&c_0123456789abcdef";
  const body = {
    token,
    connect: {
      tts: { url: `wss://a.test/tts?v=1&access_token=${encodeURIComponent(token)}`, protocols: [] },
      stt: { url: `wss://a.test/stt?bad=%zz&token=${token}`, protocols: ["bearer", token, `key.${token}`] },
    },
  };
  const shown = JSON.stringify(withShortToken(body));
  for (const form of [token, encodeURIComponent(token)]) assert.ok(!shown.includes(form), shown);
  assert.ok(shown.includes("bearer") && shown.includes("wss://a.test/tts?v=1"));
  assert.equal(body.token, token, "the response itself stays");
  assert.deepEqual(withShortToken({ code: "internal" }), { code: "internal" });
});

test("recording does not consume the response", async (t) => {
  const headers = { "voicemint-source": "resumed", "server-timing": "session;dur=1" };
  t.mock.method(globalThis, "fetch", async () => Response.json({ token: "t" }, { headers }));
  const seen = [];
  const response = await recorded((...each) => seen.push(each))("/cartesia/token", { method: "POST", body: "{}" });
  assert.deepEqual(await response.json(), { token: "t" });
  const [[request, recordedResponse]] = seen;
  assert.deepEqual([request.method, request.url, request.body], ["POST", "/cartesia/token", "{}"]);
  assert.deepEqual([recordedResponse.status, recordedResponse.source, recordedResponse.body], [200, "resumed", { token: "t" }]);
});

test("samples survive base64", () => {
  const samples = Int16Array.of(0, 1, -1, 32767, -32768);
  assert.deepEqual(new Int16Array(fromBase64(toBase64(samples)).buffer), samples);
});

test("a chunk of any length survives base64", () => {
  const samples = Int16Array.from({ length: 200_001 }, (_, at) => at * 31);
  assert.deepEqual(new Int16Array(fromBase64(toBase64(samples)).buffer), samples);
  const part = samples.subarray(3, 70_000);
  assert.deepEqual(new Int16Array(fromBase64(toBase64(part)).buffer), part);
  assert.equal(toBase64(new Uint8Array()), "");
});
