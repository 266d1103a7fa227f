// The npm package of web/.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";

import { commonJs } from "../commonjs.js";
import * as client from "../voicemint.js";
import { endpoint, token } from "./endpoint.js";

const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");

test("the package has a README and a license, and lists its files", () => {
  const { files, license, main, exports, types } = JSON.parse(read("../package.json"));
  assert.deepEqual([...files].sort(), ["LICENSE", "README.md", "providers.d.cts", "providers.d.ts", "voicemint.cjs", "voicemint.d.cts", "voicemint.d.ts", "voicemint.js"]);
  for (const file of files) assert.ok(read(`../${file}`).length > 0, file);
  const { require: required, default: imported } = exports["."];
  assert.deepEqual(imported, { types: "./voicemint.d.ts", default: "./voicemint.js" });
  assert.deepEqual(required, { types: "./voicemint.d.cts", default: "./voicemint.cjs" });
  assert.deepEqual([main, types], [required.default, required.types]);
  assert.equal(license, "Apache-2.0");
  assert.equal(read("../LICENSE"), read("../../LICENSE"));
});

test("the package is private, so that it cannot be published by mistake", () => {
  assert.equal(JSON.parse(read("../package.json")).private, true);
});

test("require and import give the same exports", async () => {
  for (const [name, text] of Object.entries(commonJs())) {
    assert.ok(read(`../${name}`) === text, `${name} is out of date: run node web/commonjs.js`);
  }
  const required = createRequire(import.meta.url)("voicemint"); // by the package name, as in an app
  assert.deepEqual(Object.keys(required).sort(), Object.keys(client).sort());
  const source = required.createTokenSource("/cartesia/token", { fetch: endpoint(() => token()).fetch });
  assert.equal((await source.getToken()).provider, "cartesia");
});

test("the snippet of the repository's README is in the package's README, whose snippets are tested", () => {
  const [root, own] = ["../../README.md", "../README.md"].map(read);
  const snippets = [...root.matchAll(/^```js\n(.*?)^```$/gms)];
  assert.equal(snippets.length, 1);
  assert.ok(own.includes(snippets[0][1]));
});

test("both READMEs list the supported browsers", () => {
  const browsers = /Chrome and Edge 85, Firefox 79, Safari 14, React Native\s+0\.74/;
  for (const path of ["../../README.md", "../README.md"]) assert.match(read(path), browsers, path);
});

/** The rows of README.md's error table and of the client's own, by code. */
function errorTable() {
  const served = /^## Errors\n(.*?)^## /ms.exec(read("../../README.md"))[1];
  const own = /^### The client's own errors\n(.*?)^## /ms.exec(read("../README.md"))[1];
  const section = served + own;
  const rows = section.split("\n").filter((line) => line.startsWith("| ")).map((line) => line.slice(2, -2).split(" | "));
  return new Map(rows.map((cells) => [/`(\w+)`/.exec(cells.slice(0, 2).join())?.[1], cells]).filter(([code]) => code && code !== "code"));
}

test("the error tables have for each code a message for the user and whether to offer a retry", () => {
  const served = [...read("../../shared/src/problem.rs").matchAll(/StatusCode::[A-Z_]+,\s*"([a-z_]+)"/g)].map(([, code]) => code);
  const own = [...read("../voicemint.js").matchAll(/code: "(\w+)"/g)].map(([, code]) => code);
  assert.ok(served.includes("session_missing") && own.includes("network_error"));
  const table = errorTable();
  assert.deepEqual([...table.keys()].sort(), [...new Set([...served, ...own])].sort());
  for (const [code, cells] of table) {
    assert.match(cells.at(-1), /^(“[A-Z].*\.”|nothing\b.*?) ?(Yes|No)\b/, code);
    // What the client retries, a user may retry too.
    if (/^(429|503)$/.test(cells[0])) assert.match(cells.at(-1), /Yes, after/, code);
  }
});
