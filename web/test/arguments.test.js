// What is wrong with the arguments is said at once, and not taken for a network that is away.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { createTokenSource } from "../voicemint.js";
import { endpoint, token } from "./endpoint.js";

const OPTIONS = ["ask", "credentials", "session", "onUnauthenticated", "onWait", "maxWait", "fetch"];

for (const [name, options] of [
  ["grants", { grants: { tts: true } }],
  ["asks", { asks: {} }],
  ["headers", { ask: { grants: { tts: true } }, headers: {} }],
  ["toString", { toString: () => "" }],
]) {
  test(`an option ${name}, which there is not, is refused with those that there are`, () => {
    assert.throws(() => createTokenSource("/cartesia/token", options), (error) => {
      assert.ok(error instanceof TypeError);
      assert.ok(error.message.includes(`"${name}"`), error.message);
      assert.ok(error.message.includes(OPTIONS.join(", ")), error.message);
      return true;
    });
  });
}

test("the options that there are are those of the types", () => {
  const types = readFileSync(new URL("../voicemint.d.ts", import.meta.url), "utf8");
  const [, members] = /^export interface TokenSourceOptions \{\n(.*?)^\}/ms.exec(types);
  assert.deepEqual([...members.matchAll(/^ {2}(\w+)\?: /gm)].map(([, name]) => name), OPTIONS);
});

test("an option that is undefined counts as absent", async () => {
  const absent = Object.fromEntries([...OPTIONS, "grants"].map((name) => [name, undefined]));
  const server = endpoint(() => token());
  const source = createTokenSource("/cartesia/token", { ...absent, fetch: server.fetch });
  assert.equal((await source.getToken()).provider, "cartesia");
  assert.equal(server.calls[0].body, undefined);
});
