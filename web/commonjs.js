// Generates voicemint.cjs and voicemint.d.cts, the CommonJS versions of voicemint.js and
// voicemint.d.ts: node web/commonjs.js They are in the repository, so that the folder can be
// installed or copied as it is. This script is not in the package.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (name) => new URL(name, import.meta.url);

/** The content of both files, by name. */
export function commonJs() {
  const [code, types] = ["voicemint.js", "voicemint.d.ts"].map((name) => readFileSync(here(name), "utf8"));
  const names = [...code.matchAll(/^export (?:class|function) (\w+)/gm)].map(([, name]) => name);
  const header = (name) => `// Generated from ${name} by commonjs.js, for CommonJS. Do not edit.\n`;
  return {
    "voicemint.cjs": `${header("voicemint.js")}"use strict";\n\n${code.replace(/^export /gm, "")}\nmodule.exports = { ${names.join(", ")} };\n`,
    "voicemint.d.cts": `${header("voicemint.d.ts")}\n${types.replace('"./providers.js"', '"./providers.cjs"')}`,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of Object.entries(commonJs())) writeFileSync(here(name), text);
}
