// Cartesia: a token is valid until it expires, for its grants.

import { allTrue, number } from "../../web/page/fields.js";

export { listen, speak } from "./client.js";

export const note = "Valid for many connections until it expires.";

export const fields = [
  { name: "grants", label: "Permissions", type: "checkbox", options: ["tts", "stt", "agent"], chosen: ["tts", "stt"] },
  { name: "expires_in", label: "Seconds", type: "number", value: 60 },
];

/** The token request of the page's form. */
export function ask(form) {
  return { grants: allTrue(form.getAll("grants")), expires_in: number(form.get("expires_in")) };
}
