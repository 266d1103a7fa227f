// Deepgram: a token is valid until it expires, for speech, transcripts and voice agents alike.

import { number } from "../../web/page/fields.js";

export { converse, listen, speak } from "./client.js";

export const note = "Valid for many connections of any kind until it expires.";

export const fields = [{ name: "ttl_seconds", label: "Seconds", type: "number", value: 60 }];

/** The token request of the page's form. */
export function ask(form) {
  return { ttl_seconds: number(form.get("ttl_seconds")) };
}
