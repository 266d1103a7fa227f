// Deepgram on the page of `make dev`: the fields of its token request, and what a token can be
// used for.
//
// Export `speak` if Deepgram reads text aloud, and `listen` if it transcribes. Leave out what it
// does not do. The modules of the other providers show how a socket is opened and read.

import { number } from "../../web/page/fields.js";

export const note = "Valid until it expires.";

// Fields with options have the type "checkbox" or "radio", and list the chosen ones.
export const fields = [{ name: "expires_in", label: "Seconds", type: "number", value: 60 }];

/** The token request of the page's form. */
export function ask(form) {
  return { expires_in: number(form.get("expires_in")) };
}
