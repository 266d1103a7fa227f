// Invalid arguments are rejected immediately, and are not reported as network errors.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { createTokenSource } from "../voicemint.js";
import { endpoint, hurry, problem, token } from "./endpoint.js";

const OPTIONS = ["ask", "credentials", "session", "onUnauthenticated", "onWait", "maxWait", "fetch", "WebSocket"];

for (const [name, options] of [
  ["grants", { grants: { tts: true } }],
  ["asks", { asks: {} }],
  ["headers", { ask: { grants: { tts: true } }, headers: {} }],
  ["toString", { toString: () => "" }],
]) {
  test(`an unknown option ${name} is rejected, and the message lists the options`, () => {
    assert.throws(() => createTokenSource("/cartesia/token", options), (error) => {
      assert.ok(error instanceof TypeError);
      assert.ok(error.message.includes(`"${name}"`), error.message);
      assert.ok(error.message.includes(OPTIONS.join(", ")), error.message);
      return true;
    });
  });
}

test("the options are those of the types", () => {
  const types = readFileSync(new URL("../voicemint.d.ts", import.meta.url), "utf8");
  const [, members] = /^export interface TokenSourceOptions\b[^\n]*\{\n(.*?)^\}/ms.exec(types);
  assert.deepEqual([...members.matchAll(/^ {2}(\w+)\?: /gm)].map(([, name]) => name), OPTIONS);
});

test("an option that is undefined counts as absent", async () => {
  const absent = Object.fromEntries([...OPTIONS, "grants"].map((name) => [name, undefined]));
  const server = endpoint(() => token());
  const source = createTokenSource("/cartesia/token", { ...absent, fetch: server.fetch });
  assert.equal((await source.getToken()).provider, "cartesia");
  assert.equal(server.calls[0].body, undefined);
});

for (const [what, url] of [
  ["undefined", undefined],
  ["null", null],
  ["empty", ""],
  ["a number", 8787],
  ["an object without href", {}],
  ...["localhost:8787/cartesia/token", "127.0.0.1:8787/cartesia/token", "wss://api.cartesia.ai", new URL("file:///cartesia/token")].map((url) => [
    `${url}, which is neither HTTP nor HTTPS`, url,
  ]),
  ["one with a password, which fetch rejects and shows", "https://ada:secret@example.com/cartesia/token"],
  ["one with a password and no scheme", "//ada:secret@example.com/cartesia/token"],
]) {
  test(`a URL that is ${what} is rejected immediately, and not shown`, () => {
    const message = 'voicemint: url must be a path such as "/cartesia/token", or an http URL without credentials.';
    assert.throws(() => createTokenSource(url), { name: "TypeError", message });
  });
}

for (const [name, values, words] of [
  ["ask", ["tts", null, 7, true], "an object"],
  ["credentials", ["included", "", "string", true, null], '"omit", "same-origin" or "include"'],
  ["session", ["a.b.secret", null, {}], "a function"],
  ["onUnauthenticated", ["/sign-in", null], "a function"],
  ["onWait", [30, null], "a function"],
  ["maxWait", ["30", "number", null], "a number"],
  ["fetch", [{}, null, "a function"], "a function"],
  ["WebSocket", [{}, null, "ws"], "a function"],
]) {
  test(`an invalid option ${name} is rejected immediately, and its value is not shown`, () => {
    for (const value of values) {
      const message = `voicemint: ${name} must be ${words}.`;
      assert.throws(() => createTokenSource("/cartesia/token", { [name]: value }), { name: "TypeError", message });
    }
  });
}

test("invalid options are rejected immediately", () => {
  for (const options of [null, "ask"]) assert.throws(() => createTokenSource("/cartesia/token", options), { name: "TypeError" });
});

test("with a maxWait that is no time, the client does not wait", async () => {
  for (const maxWait of [Number.NaN, -1]) {
    const server = endpoint(() => problem(429, "rate_limited", { "retry-after": "1" }));
    await assert.rejects(createTokenSource("/cartesia/token", { fetch: server.fetch, maxWait }).getToken(), { code: "rate_limited" });
    assert.equal(server.calls.length, 1);
  }
});

test("valid arguments are accepted", () => {
  for (const url of ["/cartesia/token", "cartesia/token", "//voice.example.com/t", "https://[::1]:8787/t?to=a@b", "HTTP://localhost:8787/t", "/t:1", "voice/t:1", new URL("http://localhost:8787/t")]) {
    for (const credentials of ["omit", "same-origin", "include"]) createTokenSource(url, { credentials, maxWait: Infinity });
  }
});

for (const [what, session] of [
  ["two lines", "a.b\n.secret"],
  ["a line after an empty one", "\nsecret"],
  ["only a line break", "\n"],
  ["non-ASCII characters", "secret…"],
  ["an object", { jwt: "secret" }],
  ["a number", 7],
]) {
  test(`a session that is ${what} is rejected, not sent and not shown`, async () => {
    const server = endpoint(() => token());
    const source = createTokenSource("/cartesia/token", { session: async () => session, fetch: server.fetch });
    for (const call of [source.getToken(), source.prefetch()]) {
      const message = "voicemint: session must be a function that returns one line of ASCII or nothing.";
      await assert.rejects(call, { name: "TypeError", message });
    }
    assert.equal(server.calls.length, 0);
  });
}

test("a session may end with a line break, as a value from a file does", async () => {
  const server = endpoint(() => token());
  await createTokenSource("/cartesia/token", { session: () => "a.b.c\n", fetch: server.fetch }).getToken();
  assert.equal(new Headers(server.calls[0].headers).get("authorization"), "Bearer a.b.c");
});

for (const url of ["cartesia", "/cartesia/token?key=a secret", "https://["]) {
  test(`${url} outside a page is rejected immediately with fetch's message`, async (t) => {
    const waited = hurry(t);
    const source = createTokenSource(url);
    for (const name of ["getToken", "prefetch", "signOut"]) {
      await assert.rejects(source[name](), ({ code, detail, cause }) => {
        assert.equal(code, "network_error");
        const path = url.split("?")[0];
        assert.equal(detail, `The token endpoint cannot be called: Failed to parse URL from ${path}. Outside a page, the URL must be absolute.`);
        assert.equal(cause.name, "TypeError");
        return true;
      });
    }
    assert.deepEqual(waited, [], "an invalid URL is not retried");
  });
}

test("browsers' messages for an invalid URL are quoted, and those for an unreachable network are not", async (t) => {
  hurry(t);
  for (const [message, isArgument] of [
    ["Failed to execute 'fetch' on 'Window': Failed to parse URL from https://[", true],
    ["Window.fetch: https://[ is not a valid URL.", true],
    ["URL is not valid or contains user credentials.", true],
    ["Failed to fetch", false],
    ["NetworkError when attempting to fetch resource.", false],
    ["Load failed", false],
    ["Network request failed", false],
    ["fetch failed", false],
  ]) {
    const { fetch } = endpoint(new TypeError(message));
    const detail = await createTokenSource("https://[", { fetch }).getToken().catch((error) => error.detail);
    assert.equal(detail.startsWith("The token endpoint cannot be called: "), isArgument, message);
    if (isArgument) assert.ok(detail.includes(message), detail);
  }
});

test("anything that the app's own fetch throws is a network error", async (t) => {
  hurry(t);
  for (const thrown of [undefined, null, "no URL", { name: "TypeError" }]) {
    const fetch = async () => { throw thrown; };
    await assert.rejects(createTokenSource("/cartesia/token", { fetch }).getToken(), { code: "network_error" });
  }
});
