// Cartesia: a token is valid until it expires, for its grants.

import { allTrue, number } from "../../web/page/fields.js";
import { fromBase64 } from "../../web/page/playback.js";
import { conversation, open, send, sendAudio } from "../../web/page/socket.js";

export const note = "Valid for many connections until it expires.";

export const fields = [
  { name: "grants", label: "Permissions", type: "checkbox", options: ["tts", "stt", "agent"], chosen: ["tts", "stt"] },
  { name: "expires_in", label: "Seconds", type: "number", value: 60 },
];

/** The token request of the page's form. */
export function ask(form) {
  return { grants: allTrue(form.getAll("grants")), expires_in: number(form.get("expires_in")) };
}

const VOICE = "e07c00bc-4134-4eae-9ea4-1a55fb45746b";

/**
 * Speaks a text. `onAudio` receives chunks of 16-bit samples at 24 kHz. Requires the grant `tts`.
 */
export function speak({ connect }, text, onAudio, signal) {
  const socket = open(connect.tts);
  const opened = () => send(socket, JSON.stringify({
    model_id: "sonic-3.5",
    voice: { mode: "id", id: VOICE },
    transcript: text,
    output_format: { container: "raw", encoding: "pcm_s16le", sample_rate: 24000 },
    context_id: crypto.randomUUID(),
  }));
  const read = (message) => {
    if (message.type === "error") throw new Error(message.message);
    if (message.type === "chunk") onAudio(fromBase64(message.data));
    return message.type === "done";
  };
  return conversation(socket, { opened, read, signal });
}

/**
 * Transcribes `audio`, chunks of 16-bit samples at 16 kHz. `onText` receives the transcript.
 * Requires the grant `stt`.
 */
export function listen({ connect }, audio, onText, signal) {
  const socket = open(connect.stt, { model: "ink-2", encoding: "pcm_s16le", sample_rate: 16000 });
  const opened = async () => {
    await sendAudio(socket, audio);
    send(socket, "finalize"); // these two commands are plain text, not JSON
    send(socket, "close");
  };
  const read = (message) => {
    if (message.type === "error") throw new Error(message.message);
    if (message.type === "transcript") onText(message.text, message.is_final);
    return message.type === "done";
  };
  return conversation(socket, { opened, read, signal });
}
