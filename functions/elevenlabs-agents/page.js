// ElevenLabs Agents: a token opens one conversation with the agent of a profile.

import { text } from "../../web/page/fields.js";

export { converse } from "./client.js";

export const note = "Valid for one conversation, which must start within 15 minutes.";

export const fields = [
  { name: "profile", label: "Profile", type: "radio", options: "profiles" },
  { name: "connection", label: "Connection", type: "radio", options: ["websocket", "webrtc"], chosen: ["websocket"] },
];

/** The token request of the page's form. */
export function ask(form) {
  return { profile: text(form.get("profile")), connection: form.get("connection") };
}

/** What a token can be used for. */
export function modes({ connection }) {
  return connection === "webrtc" ? [] : ["converse"];
}

export const usage = "Use this token with ElevenLabs’ own client, which joins a room of LiveKit at livekit_url.";

/** Samples per second that an agent hears and speaks, unless it is set up for others. */
export const rates = { input: 16000, output: 16000 };
