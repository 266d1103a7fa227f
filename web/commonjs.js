// Writes voicemint.cjs and voicemint.d.cts, which are voicemint.js and voicemint.d.ts for `require`: node commonjs.js
// They are kept in the repository, so that the folder can be installed or copied as it is. Not a part of the package.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (name) => new URL(name, import.meta.url);

/** What each of the two is to hold. */
export function commonJs() {
  const [code, types] = ["voicemint.js", "voicemint.d.ts"].map((name) => readFileSync(here(name), "utf8"));
  const names = [...code.matchAll(/^export (?:class|function) (\w+)/gm)].map(([, name]) => name);
  const made = (name) => `// Made of ${name} by commonjs.js, for CommonJS: change that one.\n`;
  return {
    "voicemint.cjs": `${made("voicemint.js")}"use strict";\n\n${code.replace(/^export /gm, "")}\nmodule.exports = { ${names.join(", ")} };\n`,
    "voicemint.d.cts": `${made("voicemint.d.ts")}\n${types}`,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of Object.entries(commonJs())) writeFileSync(here(name), text);
}
