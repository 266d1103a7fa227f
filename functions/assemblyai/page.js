// AssemblyAI: a token opens one session of its product before it expires. The session may last
// longer.

import { number } from "../../web/page/fields.js";
import { fromBase64, toBase64 } from "../../web/page/playback.js";
import { conversation, open, send, sendAudio } from "../../web/page/socket.js";

export const note = "Valid for one session, which may last longer than the token.";

export const fields = [
  { name: "product", label: "Product", type: "radio", options: ["streaming", "agent"], chosen: ["streaming"] },
  { name: "expires_in_seconds", label: "Seconds to connect", type: "number", value: 60 },
];

/** The token request of the page's form. */
export function ask(form) {
  return { product: form.get("product"), expires_in_seconds: number(form.get("expires_in_seconds")) };
}

/** What a token can be used for. */
export function modes({ product }) {
  return [product === "agent" ? "converse" : "listen"];
}

/** Agents hear and speak at 24 kHz. */
export function rates({ product }) {
  return product === "agent" ? { input: 24000, output: 24000 } : { input: 16000 };
}

/**
 * Transcribes `audio`, chunks of 16-bit samples at 16 kHz. `onText` receives the transcript.
 * Requires the product `streaming`.
 */
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

// The page chooses all of this: a token does not lock it. An `agent_id` would replace it.
const SESSION = {
  system_prompt: "You are a friendly assistant. Answer in one or two short sentences.",
  greeting: "Hello! How can I help you?",
};

/**
 * Talks with an agent. `audio` has chunks of 16-bit samples at 24 kHz, and so has the answer.
 * Requires the product `agent`.
 */
export function converse({ connect }, audio, { onUser, onAgent, onAudio, onInterrupt }, signal) {
  const socket = open(connect.agent);
  const sendJson = (message) => send(socket, JSON.stringify(message));
  // A session whose socket just closes waits 30 s for its client to come back.
  const end = () => sendJson({ type: "session.end" });
  signal?.addEventListener("abort", end, { once: true });
  let isAudioOver = false;
  let isAnswerDue = false; // the user has spoken since the last reply started

  const sendAll = async () => {
    await sendAudio(socket, audio, (chunk) => sendJson({ type: "input.audio", audio: toBase64(chunk) }));
    isAudioOver = true;
  };
  const opened = () => sendJson({ type: "session.update", session: SESSION });
  const read = (message) => {
    switch (message.type) {
      case "session.error": throw new Error(message.message);
      case "session.ready": return sendAll();
      case "input.speech.started": isAnswerDue = true; break;
      case "transcript.user.delta": onUser(message.text, false); break;
      case "transcript.user": onUser(message.text, true); break;
      case "reply.started": isAnswerDue = false; break;
      case "reply.audio": onAudio(fromBase64(message.data)); break;
      case "transcript.agent": onAgent(message.text, true); break;
      case "reply.done":
        if (message.status === "interrupted") onInterrupt();
        else if (isAudioOver && !isAnswerDue) end();
        break;
    }
    return message.type === "session.ended";
  };
  return conversation(socket, { opened, read, signal });
}
