// What npm packs of web/.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");

test("the package has its own README and licence, and lists what it has", () => {
  const { files, license, exports, types } = JSON.parse(read("../package.json"));
  assert.deepEqual([...files].sort(), ["LICENSE", "README.md", "voicemint.d.ts", "voicemint.js"]);
  for (const file of files) assert.ok(read(`../${file}`).length > 0, file);
  assert.deepEqual([exports["."].default, exports["."].types, types], ["./voicemint.js", "./voicemint.d.ts", "./voicemint.d.ts"]);
  assert.equal(license, "Apache-2.0");
  assert.equal(read("../LICENSE"), read("../../LICENSE"));
});

test("its README shows what the repository's README shows, where each snippet is run", () => {
  const [whole, own] = ["../../README.md", "../README.md"].map(read);
  const snippets = [...own.matchAll(/^```js\n(.*?)^```$/gms)];
  assert.equal(snippets.length, 1);
  assert.ok(whole.includes(snippets[0][1]));
});

test("both say in which browsers it runs", () => {
  const browsers = /Chrome and Edge 116, Firefox 124 and Safari 17\.4/;
  for (const path of ["../../README.md", "../README.md"]) assert.match(read(path), browsers, path);
});
