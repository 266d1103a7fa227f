// Another user signs in and the app does not call clear(): the source sees the new Bearer token.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createTokenSource } from "../voicemint.js";
import { endpoint, held, hurry, jwt, problem, token } from "./endpoint.js";

const ada = jwt({ iss: "https://issuer.example", sub: "ada", iat: 1 });
const adaLater = jwt({ iss: "https://issuer.example", sub: "ada", iat: 61 });
const grace = jwt({ iss: "https://issuer.example", sub: "grace", iat: 1 });

const bearers = ({ calls }) => calls.map(({ headers }) => headers.authorization?.slice("Bearer ".length));

/** A source with an app whose Bearer token can change. */
function signedIn(server, bearer) {
  const app = { bearer };
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch, session: async () => app.bearer });
  return { app, source };
}

for (const [what, before, after, isAnother] of [
  ["another subject's token", ada, grace, true],
  ["the same subject at another issuer", ada, jwt({ iss: "https://other.example", sub: "ada" }), true],
  ["a fresh token of the same user", ada, adaLater, false],
  ["a numeric subject", jwt({ sub: 7, iat: 1 }), jwt({ sub: 7, iat: 2 }), false],
  ["another number", jwt({ sub: 7 }), jwt({ sub: 8 }), true],
  ["non-ASCII characters", jwt({ sub: "zoë" }), jwt({ sub: "zoé" }), true],
  ["a JWT without a subject", jwt({ iat: 1 }), jwt({ iat: 2 }), true],
  ["an opaque token", "opaque-1", "opaque-2", true],
  ["the same opaque token", "opaque-1", "opaque-1", false],
  ["three parts that are not a JWT", "a.b.c", "a.b.d", true],
  ["no user after a user", ada, null, true],
  ["a user after no user", undefined, ada, true],
]) {
  test(`${what} ${isAnother ? "is another user" : "is the same user"}`, async () => {
    const server = endpoint(() => token());
    const { app, source } = signedIn(server, before);
    const first = await source.getToken();
    app.bearer = after;
    const second = await source.getToken();
    assert.equal(second.token !== first.token, isAnother);
    assert.deepEqual(bearers(server), isAnother ? [before ?? undefined, after ?? undefined] : [before]);
  });
}

test("a prefetched token is not returned to the next user", async () => {
  const server = endpoint(() => token({ single_use: true }));
  const { app, source } = signedIn(server, ada);
  await source.prefetch();
  app.bearer = grace;
  await source.getToken();
  assert.deepEqual(bearers(server), [ada, grace]);
});

test("pending calls of one user are rejected when another user calls", async () => {
  for (const method of ["getToken", "prefetch"]) {
    const { reply, release } = held(() => token());
    const server = endpoint(reply, () => token());
    const { app, source } = signedIn(server, ada);
    const adas = source[method]();
    await new Promise(setImmediate);
    app.bearer = grace;
    const [one, two] = await Promise.all([source.getToken(), source.getToken(), assert.rejects(adas, { code: "cleared" })]);
    release();
    assert.equal(one, two, "the new user's calls share a request");
    assert.deepEqual(bearers(server), [ada, grace]);
  }
});

test("a session that arrives late does not restore the previous user", async () => {
  const server = endpoint(() => token());
  const resolvers = [];
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch, session: () => new Promise((resolve) => { resolvers.push(resolve); }) });
  const first = source.getToken();
  resolvers.shift()(ada);
  await first;
  const [late, early] = [source.getToken(), source.getToken()];
  resolvers[1](grace);
  const graces = await early;
  resolvers[0](ada);
  await assert.rejects(late, { code: "cleared" });
  const again = source.getToken();
  resolvers[2](grace);
  assert.equal(await again, graces);
  assert.deepEqual(bearers(server), [ada, grace]);
});

test("another user who signs in after 401 gets no token of the previous user", async () => {
  const server = endpoint(() => problem(401, "session_expired"), () => token());
  const app = { bearer: ada };
  const source = createTokenSource("/cartesia/token", {
    fetch: server.fetch,
    session: () => app.bearer,
    onUnauthenticated: () => { app.bearer = grace; return true; },
  });
  await assert.rejects(source.getToken(), { code: "cleared" });
  assert.deepEqual(bearers(server), [ada]);
  await source.getToken();
  assert.deepEqual(bearers(server), [ada, grace]);
});

test("a refreshed session after 401 belongs to the same user, and the request is retried", async () => {
  const server = endpoint(() => problem(401, "session_expired"), () => token());
  const app = { bearer: ada };
  const source = createTokenSource("/cartesia/token", {
    fetch: server.fetch,
    session: () => app.bearer,
    onUnauthenticated: () => { app.bearer = adaLater; return true; },
  });
  await source.getToken();
  assert.deepEqual(bearers(server), [ada, adaLater]);
});

for (const [how, before, after] of [["an opaque session is refreshed", "opaque-1", "opaque-2"], ["a user signs in", null, ada]]) {
  test(`if ${how} after 401, the waiting calls go on, and their token is cached`, async () => {
    const server = endpoint(({ headers }) => (headers.authorization === `Bearer ${after}` ? token() : problem(401, "session_expired")));
    const app = { bearer: before };
    const source = createTokenSource("/cartesia/token", {
      fetch: server.fetch,
      session: () => app.bearer,
      onUnauthenticated: async () => {
        await new Promise(setImmediate);
        app.bearer = after;
        return true;
      },
    });
    const [one, two] = await Promise.all([source.getToken(), source.getToken()]);
    assert.equal(one, two);
    assert.equal(await source.getToken(), one);
    assert.deepEqual(bearers(server), [before ?? undefined, after]);
  });
}

test("a token of a replaced opaque session is not cached", async () => {
  for (const single_use of [false, true]) {
    for (const method of ["getToken", "prefetch"]) {
      const { reply, release } = held(() => token({ single_use }));
      const server = endpoint(reply, () => token({ single_use }));
      const { app, source } = signedIn(server, "opaque-1");
      const before = source[method]();
      await new Promise(setImmediate);
      app.bearer = "opaque-2";
      const after = await source.getToken();
      release();
      const got = await before;
      assert.notEqual(got?.token, after.token);
      assert.equal((await source.getToken()).token === after.token, !single_use);
      assert.deepEqual(bearers(server), ["opaque-1", "opaque-2", ...(single_use ? ["opaque-2"] : [])]);
    }
  }
});

test("if session() throws, no cached token is returned", async () => {
  const server = endpoint(() => token());
  const sessions = [() => ada, () => { throw new Error("The session cannot be refreshed."); }];
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch, session: () => sessions.shift()() });
  await source.getToken();
  await assert.rejects(source.getToken(), /cannot be refreshed/);
});

for (const [what, steps] of [["directly", [grace]], ["after a sign-out", [null, grace]]]) {
  test(`a call that waits does not get the token of a user who signs in ${what}`, async (t) => {
    hurry(t);
    const { reply, release } = held(() => problem(429, "rate_limited", { "retry-after": "1" }));
    const server = endpoint(reply, ({ headers }) => token({ token: `of ${headers.authorization}` }));
    const { app, source } = signedIn(server, ada);
    const waiting = assert.rejects(source.getToken(), { code: "cleared" });
    await new Promise(setImmediate);
    for (const bearer of steps) {
      app.bearer = bearer;
      await source.getToken();
    }
    release();
    await waiting;
  });
}

for (const [status, code] of [[401, "session_missing"], [429, "rate_limited"]]) {
  test(`a call that nobody made goes on as the user who signs in after ${status}`, async (t) => {
    hurry(t);
    const { reply, release } = held(() => token());
    const server = endpoint(() => token(), problem(status, code), reply, () => token());
    const app = { bearer: ada };
    const source = createTokenSource("/cartesia/token", {
      fetch: server.fetch,
      session: async () => app.bearer,
      onUnauthenticated: () => { app.bearer = grace; return true; },
      onWait: () => { app.bearer = grace; },
    });
    await source.getToken();
    app.bearer = null;
    const call = source.getToken();
    while (server.calls.length < 3) await new Promise(setImmediate);
    assert.deepEqual(bearers(server), [ada, undefined, grace]);
    release();
    const got = await call;
    assert.equal(await source.getToken(), got);
  });
}

test("a call that went on as one user gets no token when another signs in", async (t) => {
  hurry(t);
  const { reply, release } = held(() => token());
  const server = endpoint(problem(429, "rate_limited"), reply, () => token());
  const app = { bearer: null };
  const source = createTokenSource("/cartesia/token", {
    fetch: server.fetch,
    session: async () => app.bearer,
    onWait: () => { app.bearer = grace; },
  });
  const call = assert.rejects(source.getToken(), { code: "cleared" });
  while (server.calls.length < 2) await new Promise(setImmediate);
  app.bearer = ada;
  await source.getToken();
  release();
  await call;
  assert.deepEqual(bearers(server), [undefined, grace, ada]);
});

test("a call that went on as one user, and waits again, gets no token of another", async (t) => {
  hurry(t);
  const users = [grace, ada];
  const server = endpoint(problem(429, "rate_limited"), problem(429, "rate_limited"), () => token());
  const app = { bearer: null };
  const source = createTokenSource("/cartesia/token", {
    fetch: server.fetch,
    session: async () => app.bearer,
    onWait: () => { app.bearer = users.shift(); },
  });
  await assert.rejects(source.getToken(), { code: "cleared" });
  assert.deepEqual(bearers(server), [undefined, grace]);
});

for (const [what, before, after] of [
  ["an opaque token after another", "opaque-1", "opaque-2"],
  ["a user after no user", null, ada],
  ["no user after a user", ada, null],
]) {
  test(`calls that begin together share no token: ${what}`, async () => {
    for (const method of ["getToken", "prefetch"]) {
      for (const single_use of [false, true]) {
        const server = endpoint(({ headers }) => token({ token: `of ${headers.authorization}`, single_use }));
        const { app, source } = signedIn(server, before);
        const first = source[method]();
        app.bearer = after;
        const second = source.getToken();
        await first;
        const bearer = after ? `Bearer ${after}` : undefined;
        assert.equal((await second).token, `of ${bearer}`, `${method} ${single_use}`);
        if (method === "getToken") assert.equal((await first).token, `of ${before ? `Bearer ${before}` : undefined}`);
      }
    }
  });
}

test("a call that goes on does not take what was prefetched for the next session", async () => {
  const { reply, release } = held(() => token({ token: "of opaque-1", single_use: true }));
  let calls = 0;
  const server = endpoint((init) => {
    calls += 1;
    return calls === 1 ? reply(init) : token({ token: `of ${init.headers.authorization} ${calls}`, single_use: true });
  });
  const { app, source } = signedIn(server, "opaque-1");
  const both = [source.getToken(), source.getToken()]; // one request: one of them goes on
  while (server.calls.length < 1) await new Promise(setImmediate);
  app.bearer = "opaque-2";
  await source.prefetch();
  release();
  const tokens = (await Promise.all(both)).map((each) => each.token);
  assert.ok(tokens.includes("of opaque-1"), tokens.join());
  assert.ok(tokens.every((each) => !each.includes("opaque-2")), tokens.join());
  assert.match((await source.getToken()).token, /opaque-2/);
});

test("after clear(), 401 asks the app to sign in again, whatever became of the last time", async () => {
  const server = endpoint(() => problem(401, "session_missing"));
  let asked = 0;
  const onUnauthenticated = () => { asked += 1; return asked === 1 ? new Promise(() => {}) : false; };
  const source = createTokenSource("/cartesia/token", { fetch: server.fetch, onUnauthenticated });
  const first = source.getToken();
  while (asked < 1) await new Promise(setImmediate);
  source.clear();
  await assert.rejects(first, { code: "cleared" });
  await assert.rejects(source.getToken(), { code: "session_missing" });
  assert.equal(asked, 2);
});
