// AssemblyAI: a token opens one session before it expires. The session may last longer.

import { conversation, open, send, sendAudio } from "./socket.js";

/** Transcribes `audio`, chunks of 16-bit samples at 16 kHz. `onText` receives the transcript. */
export function listen({ token, base_url }, audio, onText, signal) {
  const socket = open(base_url, "/v3/ws", { token, sample_rate: 16000, format_turns: true });
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
