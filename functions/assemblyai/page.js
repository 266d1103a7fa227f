// AssemblyAI: a token opens one session before it expires. The session may last longer.

import { number } from "../../web/page/fields.js";
import { conversation, open, send, sendAudio } from "../../web/page/socket.js";

export const note = "Valid for one session, which may last longer than the token.";

export const fields = [{ name: "expires_in_seconds", label: "Seconds to connect", type: "number", value: 60 }];

/** The token request of the page's form. */
export function ask(form) {
  return { expires_in_seconds: number(form.get("expires_in_seconds")) };
}

/** Transcribes `audio`, chunks of 16-bit samples at 16 kHz. `onText` receives the transcript. */
export function listen({ connect }, audio, onText, signal) {
  const socket = open(connect.streaming, { sample_rate: 16000, format_turns: true });
  const sendAll = async () => {
    await sendAudio(socket, audio);
    send(socket, JSON.stringify({ type: "Terminate" }));
  };
  const read = (message) => {
    if (message.error) throw new Error(message.error);
    if (message.type === "Begin") return sendAll();
    // The end of a turn arrives twice: unformatted, then with punctuation.
    if (message.type === "Turn") onText(message.transcript, message.end_of_turn && message.turn_is_formatted);
    return message.type === "Termination";
  };
  return conversation(socket, { read, signal });
}
