// An aborted call ends immediately, and after clear() no call gets a token of the previous user.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createTokenSource } from "../voicemint.js";
import { aborted, endpoint, problem, token } from "./endpoint.js";

const never = () => new Promise(() => {});

/** The ways to end pending calls; each returns the expected error. */
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

/** The places where the second call may wait: the app's options, and the endpoint's response. */
const PLACES = {
  "the app's session()": [{ session: (call) => (call === 1 ? "mine" : never()) }],
  "the app's sign-in": [{ onUnauthenticated: never }, () => problem(401, "session_expired")],
  "the wait after 429": [{}, () => problem(429, "rate_limited", { "retry-after": "20" })],
};

for (const [place, [{ session, ...options }, reply]] of Object.entries(PLACES)) {
  for (const [way, leave] of Object.entries(WAYS)) {
    for (const single_use of [true, false]) {
      test(`${way} ends ${place}, with ${single_use ? "single-use" : "reusable"} tokens`, { timeout: 5000 }, async () => {
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

/**
 * An endpoint whose tokens name their user. It ignores signals and responds in the next microtask.
 */
function endpointOf(sent, status, members) {
  return async (url, { headers: { authorization } }) => {
    sent.push(authorization);
    const text = JSON.stringify({ token: authorization, expires_in: 60, ...members });
    return { ok: status === 200, status, headers: new Headers(), text: async () => text };
  };
}

/** More microtask turns than a call takes. */
const MOMENTS = 60;

for (const [kind, single_use, isKnown] of [["reusable tokens", false, false], ["single-use tokens", true, false], ["known single-use tokens", true, true]]) {
  for (const method of ["getToken", "prefetch"]) {
    for (const next of ["immediately", "after that call has ended"]) {
      test(`clear() at any moment of ${method}(), with ${kind}: the next call, ${next}, gets no token of it`, async () => {
        let late = 0;
        for (let moment = 0; moment < MOMENTS; moment += 1) {
          const sent = [];
          let user = "ada";
          const source = createTokenSource("/cartesia/token", { fetch: endpointOf(sent, 200, { single_use }), session: async () => user });
          if (isKnown) await source.getToken();
          let isOver = false;
          const call = source[method]().then(() => { isOver = true; return "done"; }, ({ code }) => code);
          for (let turn = 0; turn < moment; turn += 1) await null;
          const wasOver = isOver;
          const { length } = sent;
          source.clear();
          user = "grace";
          if (next !== "immediately") await call;
          const after = [await source.getToken(), await source.getToken()];
          assert.deepEqual(after.map((each) => each.token), ["Bearer grace", "Bearer grace"], `after ${moment} turns`);
          assert.ok(!sent.slice(length).includes("Bearer ada"), `no request is sent for ada, after ${moment} turns`);
          assert.match(await call, /^(done|cleared)$/);
          if (!wasOver && await call === "done") late += 1;
        }
        // The end of a call is visible one turn later.
        assert.ok(late <= 1, `at ${late} moments a pending call was not rejected`);
      });
    }
  }
}

test("onUnauthenticated is not called after clear()", async () => {
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

test("a call at any moment after all other calls were aborted gets a token", async () => {
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

test("clear() within the app's session() rejects the call as cleared, whatever session() does next", async () => {
  for (const continuation of [never, () => Promise.reject(new Error("signed out")), () => "a session"]) {
    const session = () => {
      source.clear();
      return continuation();
    };
    const source = createTokenSource("/cartesia/token", { fetch: endpoint(token).fetch, session });
    await assert.rejects(source.getToken(), { code: "cleared" });
    await new Promise(setImmediate);
  }
});

test("a prefetched token is not returned to the next user", async () => {
  const server = endpoint(() => token({ single_use: true }));
  const source = createTokenSource("/elevenlabs/token", { fetch: server.fetch });
  await source.prefetch();
  source.clear();
  await source.getToken();
  assert.equal(server.calls.length, 2);
});

test("an immediate abort and a second call, as in React's StrictMode, send one request", async () => {
  for (const session of [undefined, async () => "ada"]) {
    for (const single_use of [false, true, "known"]) {
      const server = endpoint(() => token({ single_use: Boolean(single_use), expires_in: 0 }));
      const source = createTokenSource("/cartesia/token", { fetch: server.fetch, session });
      if (single_use === "known") await source.getToken();
      const { length } = server.calls;
      const controller = new AbortController();
      const rejected = assert.rejects(source.getToken({ signal: controller.signal }), { name: "AbortError" });
      controller.abort();
      await Promise.all([rejected, source.getToken()]);
      assert.equal(server.calls.length - length, 1);
    }
  }
});

test("a call with an aborted signal sends no request", async () => {
  let sent = 0;
  const fetch = async () => { sent += 1; return token(); };
  for (const method of ["getToken", "prefetch"]) {
    const source = createTokenSource("/cartesia/token", { fetch });
    await assert.rejects(source[method]({ signal: aborted() }), { name: "AbortError" });
  }
  assert.equal(sent, 0);
});
