// Gemini Live: a token opens one session. The session has the setup of the token's profile, whatever
// the page sends.

import { number, text } from "../../web/page/fields.js";

export { converse } from "./client.js";

export const note = "Valid for one session of the profile, which may last longer than the token.";

export const fields = [
  { name: "profile", label: "Profile", type: "radio", options: "profiles" },
  { name: "expires_in", label: "Seconds to connect", type: "number", value: 60 },
];

/** The token request of the page's form. */
export function ask(form) {
  return { profile: text(form.get("profile")), expires_in: number(form.get("expires_in")) };
}

export const rates = { input: 16000, output: 24000 };
