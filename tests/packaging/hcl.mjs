// Prints files in Terraform's language as a list in JSON, with the error of one that is invalid as a
// text. HashiCorp's own parser, compiled to WebAssembly, reads them.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { parse } = createRequire(new URL("../../tools/", import.meta.url))("@cdktn/hcl2json");
const files = process.argv.slice(2).map((path) => parse(path, readFileSync(path, "utf8")).catch(String));
console.log(JSON.stringify(await Promise.all(files)));
