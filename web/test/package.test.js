// The npm package of web/.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";

import { endpoint, token } from "./endpoint.js";

const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");

/** The providers whose tokens open a socket that the package can use. */
const PROVIDERS = readdirSync(new URL("../../functions/", import.meta.url))
  .filter((name) => existsSync(new URL(`../../functions/${name}/client.js`, import.meta.url)));

/** A module in both systems, and its types in both. */
const both = (...names) => names.flatMap((name) => [`${name}.js`, `${name}.cjs`]);
const types = (...names) => names.flatMap((name) => [`${name}.d.ts`, `${name}.d.cts`]);

test("the package has exactly these files, and the repository's license", () => {
  const command = ["pack", "--dry-run", "--json", "--ignore-scripts"];
  const packed = JSON.parse(execFileSync("npm", command, { cwd: new URL("..", import.meta.url), encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  const [{ files }] = packed;
  const inner = both("base64", "capture", "socket", "worklet-text");
  const shared = [...both("voicemint", "playback", "microphone"), ...types("voicemint", "providers", "playback", "microphone", "options")];
  const providers = PROVIDERS.map((name) => `providers/${name}`);
  assert.deepEqual(files.map(({ path }) => path).sort(), [
    "LICENSE", "README.md", "package.json", "worklet.js", ...inner, ...shared, ...both(...providers), ...types(...providers),
  ].sort());
  assert.equal(JSON.parse(read("../package.json")).license, "Apache-2.0");
  assert.equal(read("../LICENSE"), read("../../LICENSE"));
});

test("each export has its file and its types, for import and for require", () => {
  const { main, types, sideEffects, exports } = JSON.parse(read("../package.json"));
  for (const [subpath, { require: required, default: imported }] of Object.entries(exports)) {
    if (subpath === "./worklet.js") continue;
    const name = imported.default.slice(0, -3);
    assert.deepEqual(imported, { types: `${name}.d.ts`, default: `${name}.js` });
    assert.deepEqual(required, { types: `${name}.d.cts`, default: `${name}.cjs` });
    for (const file of [...Object.values(imported), ...Object.values(required)]) {
      for (const each of file.includes("*") ? PROVIDERS : [""]) read(`../${file.replace("*", each)}`);
    }
  }
  assert.deepEqual([main, types], [exports["."].require.default, exports["."].require.types]);
  assert.equal(sideEffects, false);
});

test("the package is private, so that it cannot be published by mistake", () => {
  assert.equal(JSON.parse(read("../package.json")).private, true);
});

test("require and import give the same exports", async () => {
  const require = createRequire(import.meta.url);
  const subpaths = [...PROVIDERS, "playback", "microphone"].map((name) => `/${name}`);
  for (const subpath of ["", ...subpaths]) {
    const name = `voicemint${subpath}`; // by the package name, as in an app
    const imported = Object.keys(await import(name));
    assert.deepEqual(Object.keys(require(name)).sort(), imported.sort(), name);
    assert.ok(imported.length > 0, name);
  }
  const source = require("voicemint").createTokenSource("/cartesia/token", { fetch: endpoint(() => token()).fetch });
  assert.equal((await source.getToken()).provider, "cartesia");
});

for (const hidden of ["socket", "capture", "livekit", "providers/cartesia", "page/page.js"]) {
  test(`the package does not export ${hidden}`, async () => {
    await assert.rejects(import(`voicemint/${hidden}`), { code: /ERR_PACKAGE_PATH_NOT_EXPORTED|ERR_MODULE_NOT_FOUND/ });
  });
}

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
