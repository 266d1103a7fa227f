// ElevenLabs: a token is for single use, and for the purpose that its type names.

export { listen, speak } from "./client.js";

export const note = "Valid for one connection within 15 minutes.";

export const fields = [
  {
    name: "token_type",
    label: "Purpose",
    type: "radio",
    options: ["realtime_scribe", "tts_websocket"],
    chosen: ["realtime_scribe"],
  },
];

/** The token request of the page's form. */
export function ask(form) {
  return { token_type: form.get("token_type") };
}

/** What a token can be used for. */
export function modes({ token_type }) {
  return [token_type === "tts_websocket" ? "speak" : "listen"];
}
