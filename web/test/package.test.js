// What npm packs of web/.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";

import { commonJs } from "../commonjs.js";
import * as client from "../voicemint.js";
import { endpoint, token } from "./endpoint.js";

const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");

test("the package has its own README and licence, and lists what it has", () => {
  const { files, license, main, exports, types } = JSON.parse(read("../package.json"));
  assert.deepEqual([...files].sort(), ["LICENSE", "README.md", "voicemint.cjs", "voicemint.d.cts", "voicemint.d.ts", "voicemint.js"]);
  for (const file of files) assert.ok(read(`../${file}`).length > 0, file);
  const { require: required, default: imported } = exports["."];
  assert.deepEqual(imported, { types: "./voicemint.d.ts", default: "./voicemint.js" });
  assert.deepEqual(required, { types: "./voicemint.d.cts", default: "./voicemint.cjs" });
  assert.deepEqual([main, types], [required.default, required.types]);
  assert.equal(license, "Apache-2.0");
  assert.equal(read("../LICENSE"), read("../../LICENSE"));
});

test("nobody can publish it by mistake under a name that is not registered", () => {
  assert.equal(JSON.parse(read("../package.json")).private, true);
});

test("what CommonJS requires is what modules import", async () => {
  for (const [name, text] of Object.entries(commonJs())) {
    assert.ok(read(`../${name}`) === text, `${name} is out of date: run node web/commonjs.js`);
  }
  const required = createRequire(import.meta.url)("voicemint"); // by its own name, as an app does
  assert.deepEqual(Object.keys(required).sort(), Object.keys(client).sort());
  const source = required.createTokenSource("/cartesia/token", { fetch: endpoint(() => token()).fetch });
  assert.equal((await source.getToken()).provider, "cartesia");
});

test("its README shows what the repository's README shows, where each snippet is run", () => {
  const [whole, own] = ["../../README.md", "../README.md"].map(read);
  const snippets = [...own.matchAll(/^```js\n(.*?)^```$/gms)];
  assert.equal(snippets.length, 1);
  assert.ok(whole.includes(snippets[0][1]));
});

test("both say in which browsers it runs", () => {
  const browsers = /Chrome and Edge 85, Firefox 79, Safari 14, React Native\s+0\.74/;
  for (const path of ["../../README.md", "../README.md"]) assert.match(read(path), browsers, path);
});

/** The rows of README.md whose first or second cell is a code: the code, and all cells. */
function errorTable() {
  const section = /^## Errors\n(.*?)^## /ms.exec(read("../../README.md"))[1];
  const rows = section.split("\n").filter((line) => line.startsWith("| ")).map((line) => line.slice(2, -2).split(" | "));
  return new Map(rows.map((cells) => [/`(\w+)`/.exec(cells.slice(0, 2).join())?.[1], cells]).filter(([code]) => code && code !== "code"));
}

test("README's error table says of each code what to tell the user, and whether to offer a retry", () => {
  const served = [...read("../../shared/src/refusal.rs").matchAll(/StatusCode::[A-Z_]+,\s*"([a-z_]+)"/g)].map(([, code]) => code);
  const own = [...read("../voicemint.js").matchAll(/code: "(\w+)"/g)].map(([, code]) => code);
  assert.ok(served.includes("session_missing") && own.includes("network_error"));
  const table = errorTable();
  assert.deepEqual([...table.keys()].sort(), [...new Set([...served, ...own])].sort());
  for (const [code, cells] of table) {
    assert.match(cells.at(-1), /^(“[A-Z].*\.”|nothing\b.*?) ?(Yes|No)\b/, code);
    // What the client itself asks again for, a user may.
    if (/^(429|503)$/.test(cells[0])) assert.match(cells.at(-1), /Yes, after/, code);
  }
});
