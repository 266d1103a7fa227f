// AssemblyAI: a token opens one session of its product before it expires. The session may last
// longer.

import { number } from "../../web/page/fields.js";

export { converse, listen } from "./client.js";

export const note = "Valid for one session, which may last longer than the token.";

export const fields = [
  { name: "product", label: "Product", type: "radio", options: ["streaming", "agent"], chosen: ["streaming"] },
  { name: "expires_in_seconds", label: "Seconds to connect", type: "number", value: 60 },
];

/** The token request of the page's form. */
export function ask(form) {
  return { product: form.get("product"), expires_in_seconds: number(form.get("expires_in_seconds")) };
}

/** What a token can be used for. */
export function modes({ product }) {
  return [product === "agent" ? "converse" : "listen"];
}

/** Agents hear and speak at 24 kHz. */
export function rates({ product }) {
  return product === "agent" ? { input: 24000, output: 24000 } : { input: 16000 };
}
