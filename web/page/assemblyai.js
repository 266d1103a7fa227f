// AssemblyAI: a token opens one session, and must do so before it expires; the session may last longer.

import { conversation, open, send, sendSound } from "./socket.js";

/** Listens to `sound`, pieces of 16-bit samples, 16,000 a second: `onText` gets what was heard. */
export function listen({ token, base_url }, sound, onText, signal) {
  const socket = open(base_url, "/v3/ws", { token, sample_rate: 16000, format_turns: true });
  const sendAll = async () => {
    await sendSound(socket, sound);
    send(socket, JSON.stringify({ type: "Terminate" }));
  };
  const read = (message) => {
    if (message.error) throw new Error(message.error);
    if (message.type === "Begin") return sendAll();
    // A turn that is over comes twice: as it was heard, then with its punctuation.
    if (message.type === "Turn") onText(message.transcript, message.end_of_turn && message.turn_is_formatted);
    return message.type === "Termination";
  };
  return conversation(socket, { read, signal });
}
