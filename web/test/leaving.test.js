// Whoever gives up gets nothing and waits for nothing, and after clear() nobody gets what was meant for somebody else.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createTokenSource } from "../voicemint.js";
import { aborted, endpoint, problem, token } from "./endpoint.js";

const never = () => new Promise(() => {});

/** The ways to leave; each gives how the calls under way are to end. */
const WAYS = {
  "an abort": (_, controller) => {
    controller.abort();
    return { name: "AbortError" };
  },
  "clear()": (source) => {
    source.clear();
    return { code: "cleared" };
  },
};

/** Where the second call may be when somebody leaves: what the app does, and what the endpoint answers. */
const PLACES = {
  "the app's session()": [{ session: (call) => (call === 1 ? "mine" : never()) }],
  "the app's sign-in": [{ onUnauthenticated: never }, () => problem(401, "session_expired")],
  "the wait after 429": [{}, () => problem(429, "rate_limited", { "retry-after": "20" })],
};

for (const [place, [{ session, ...options }, reply]] of Object.entries(PLACES)) {
  for (const [way, leave] of Object.entries(WAYS)) {
    for (const single_use of [true, false]) {
      test(`${way} ends ${place}, where tokens are for ${single_use ? "one use" : "many"}`, { timeout: 5000 }, async () => {
        const server = endpoint(() => token({ single_use, expires_in: 0 }), reply);
        let calls = 0;
        const counted = session && (() => session(calls += 1));
        const source = createTokenSource("/cartesia/token", { fetch: server.fetch, session: counted, ...options });
        await source.getToken();
        const controller = new AbortController();
        const call = source.getToken({ signal: controller.signal });
        await new Promise(setImmediate);
        await assert.rejects(call, leave(source, controller));
      });
    }
  }
}

/** An endpoint that tells in each token for whom it is. It listens to no signal, and answers as soon as promises can. */
function endpointOf(sent, status, members) {
  return async (url, { headers: { authorization } }) => {
    sent.push(authorization);
    const text = JSON.stringify({ token: authorization, expires_in: 60, ...members });
    return { ok: status === 200, status, headers: new Headers(), text: async () => text };
  };
}

/** More than a call takes here. */
const MOMENTS = 60;

for (const [kind, single_use, isKnown] of [["many uses", false, false], ["one use", true, false], ["one use, as is known", true, true]]) {
  for (const way of ["getToken", "prefetch"]) {
    for (const next of ["at once", "once that call is over"]) {
      test(`clear() at any moment of ${way}(), for ${kind}: whoever asks next, ${next}, gets nothing of it`, async () => {
        let late = 0;
        for (let moment = 0; moment < MOMENTS; moment += 1) {
          const sent = [];
          let user = "ada";
          const source = createTokenSource("/cartesia/token", { fetch: endpointOf(sent, 200, { single_use }), session: async () => user });
          if (isKnown) await source.getToken();
          let isOver = false;
          const call = source[way]().then(() => { isOver = true; return "done"; }, ({ code }) => code);
          for (let turn = 0; turn < moment; turn += 1) await null;
          const wasOver = isOver;
          const { length } = sent;
          source.clear();
          user = "grace";
          if (next !== "at once") await call;
          const after = [await source.getToken(), await source.getToken()];
          assert.deepEqual(after.map((each) => each.token), ["Bearer grace", "Bearer grace"], `after ${moment} turns`);
          assert.ok(!sent.slice(length).includes("Bearer ada"), `nobody asks for ada any more, after ${moment} turns`);
          assert.match(await call, /^(done|cleared)$/);
          if (!wasOver && await call === "done") late += 1;
        }
        // What is over is heard of a turn later.
        assert.ok(late <= 1, `at ${late} moments a call under way was not rejected`);
      });
    }
  }
}

test("nobody is asked to sign in after clear()", async () => {
  for (let moment = 0; moment < MOMENTS; moment += 1) {
    let [isCleared, wasAsked] = [false, false];
    const onUnauthenticated = () => { wasAsked = isCleared; };
    const source = createTokenSource("/cartesia/token", { fetch: endpointOf([], 401, { code: "session_expired", detail: "Expired." }), onUnauthenticated });
    const call = source.getToken().catch((error) => error);
    for (let turn = 0; turn < moment; turn += 1) await null;
    source.clear();
    isCleared = true;
    assert.match((await call).code, /^(cleared|session_expired)$/);
    assert.ok(!wasAsked, `after ${moment} turns`);
  }
});

test("whoever comes at any moment after all others gave up gets a token", async () => {
  for (let moment = 0; moment < MOMENTS; moment += 1) {
    const source = createTokenSource("/cartesia/token", { fetch: endpointOf([], 200), session: async () => "ada" });
    const controller = new AbortController();
    const call = source.getToken({ signal: controller.signal }).catch(() => {});
    for (let turn = 0; turn < 3; turn += 1) await null;
    controller.abort();
    for (let turn = 0; turn < moment; turn += 1) await null;
    assert.equal((await source.getToken()).token, "Bearer ada");
    await call;
  }
});

test("an app that clears the source within its own session() ends the call as cleared, however that goes on", async () => {
  for (const goesOn of [never, () => Promise.reject(new Error("signed out")), () => "a session"]) {
    const session = () => {
      source.clear();
      return goesOn();
    };
    const source = createTokenSource("/cartesia/token", { fetch: endpoint(token).fetch, session });
    await assert.rejects(source.getToken(), { code: "cleared" });
    await new Promise(setImmediate);
  }
});

test("what was fetched ahead is not given to whoever signs in next", async () => {
  const server = endpoint(() => token({ single_use: true }));
  const source = createTokenSource("/elevenlabs/token", { fetch: server.fetch });
  await source.prefetch();
  source.clear();
  await source.getToken();
  assert.equal(server.calls.length, 2);
});

test("who leaves at once and comes again, as a component in React's StrictMode, costs one request", async () => {
  for (const session of [undefined, async () => "ada"]) {
    for (const single_use of [false, true, "as is known"]) {
      const server = endpoint(() => token({ single_use: Boolean(single_use), expires_in: 0 }));
      const source = createTokenSource("/cartesia/token", { fetch: server.fetch, session });
      if (single_use === "as is known") await source.getToken();
      const { length } = server.calls;
      const controller = new AbortController();
      const left = assert.rejects(source.getToken({ signal: controller.signal }), { name: "AbortError" });
      controller.abort();
      await Promise.all([left, source.getToken()]);
      assert.equal(server.calls.length - length, 1);
    }
  }
});

test("whoever has given up before asks for nothing", async () => {
  let sent = 0;
  const fetch = async () => { sent += 1; return token(); };
  for (const way of ["getToken", "prefetch"]) {
    const source = createTokenSource("/cartesia/token", { fetch });
    await assert.rejects(source[way]({ signal: aborted() }), { name: "AbortError" });
  }
  assert.equal(sent, 0);
});
