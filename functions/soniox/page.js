// Soniox: a token has one usage type, and by default it opens one session. The session may last
// longer than the token.

import { number } from "../../web/page/fields.js";

export { listen, speak } from "./client.js";

export const note = "Valid for one session, which may last longer than the token.";

export const fields = [
  {
    name: "usage_type",
    label: "Purpose",
    type: "radio",
    options: ["transcribe_websocket", "tts_rt"],
    chosen: ["transcribe_websocket"],
  },
  { name: "expires_in_seconds", label: "Seconds to connect", type: "number", value: 60 },
];

/** The token request of the page's form. */
export function ask(form) {
  return { usage_type: form.get("usage_type"), expires_in_seconds: number(form.get("expires_in_seconds")) };
}

/** What a token can be used for. */
export function modes({ usage_type }) {
  return [usage_type === "tts_rt" ? "speak" : "listen"];
}
