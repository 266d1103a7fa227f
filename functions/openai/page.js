// OpenAI Realtime: a token opens one session. Its profile decides what the session does, so the
// token's socket does too: conversations, transcriptions or translations.

import { number, text } from "../../web/page/fields.js";
import { converse as talk, translate } from "./client.js";

export { listen } from "./client.js";

export const note = "Valid for one session, of the profile’s type. Listen needs a profile of a transcription, Start another one.";

export const fields = [
  { name: "profile", label: "Profile", type: "radio", options: "profiles" },
  { name: "expires_in", label: "Seconds to connect", type: "number", value: 60 },
];

/** The token request of the page's form. */
export function ask(form) {
  return { profile: text(form.get("profile")), expires_in: number(form.get("expires_in")) };
}

/** Both directions have 16-bit samples at 24 kHz. */
export const rates = { input: 24000, output: 24000 };

/** Talks with the model, or with a translator, by the type of the profile. */
export function converse(source, audio, options) {
  return (source.has("translation") ? translate : talk)(source, audio, options);
}
