// Cartesia: a token may be used until it expires, for what its grants name.

import { fromBase64 } from "./sound.js";
import { conversation, open, send, sendSound } from "./socket.js";

const VERSION = "2026-03-01";
const VOICE = "e07c00bc-4134-4eae-9ea4-1a55fb45746b";

/** Speaks a text: `onSound` gets pieces of 16-bit samples, 24,000 a second. Needs the grant `tts`. */
export function speak({ token, base_url }, text, onSound, signal) {
  const socket = open(base_url, "/tts/websocket", { cartesia_version: VERSION, access_token: token });
  const opened = () => send(socket, JSON.stringify({
    model_id: "sonic-3.5",
    voice: { mode: "id", id: VOICE },
    transcript: text,
    output_format: { container: "raw", encoding: "pcm_s16le", sample_rate: 24000 },
    context_id: crypto.randomUUID(),
  }));
  const read = (message) => {
    if (message.type === "error") throw new Error(message.message);
    if (message.type === "chunk") onSound(fromBase64(message.data));
    return message.type === "done";
  };
  return conversation(socket, { opened, read, signal });
}

/** Listens to `sound`, pieces of 16-bit samples, 16,000 a second: `onText` gets what was heard. Needs the grant `stt`. */
export function listen({ token, base_url }, sound, onText, signal) {
  const socket = open(base_url, "/stt/websocket", {
    cartesia_version: VERSION,
    access_token: token,
    model: "ink-2",
    encoding: "pcm_s16le",
    sample_rate: 16000,
  });
  const opened = async () => {
    await sendSound(socket, sound);
    send(socket, "finalize"); // these two are plain words, not JSON
    send(socket, "close");
  };
  const read = (message) => {
    if (message.type === "error") throw new Error(message.message);
    if (message.type === "transcript") onText(message.text, message.is_final);
    return message.type === "done";
  };
  return conversation(socket, { opened, read, signal });
}
