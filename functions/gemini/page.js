// Gemini Live: a token opens one session. The session has the setup of the token's profile, whatever
// the page sends.

import { number, text } from "../../web/page/fields.js";
import { fromBase64, toBase64 } from "../../web/page/playback.js";
import { conversation, open, parseJson, send, sendAudio } from "../../web/page/socket.js";

export const note = "Valid for one session of the profile, which may last longer than the token.";

export const fields = [
  { name: "profile", label: "Profile", type: "radio", options: "profiles" },
  { name: "expires_in", label: "Seconds to connect", type: "number", value: 60 },
];

/** The token request of the page's form. */
export function ask(form) {
  return { profile: text(form.get("profile")), expires_in: number(form.get("expires_in")) };
}

export const rates = { input: 16000, output: 24000 };

/** Talks: `audio` and the answers are 16-bit samples at the rates above. */
export function converse({ connect }, audio, { onUser, onAgent, onAudio, onInterrupt }, signal) {
  const socket = open(connect.live);
  const turns = { user: "", agent: "" };
  let ended = false;
  let interrupted = false;
  const input = (content) => send(socket, JSON.stringify({ realtimeInput: content }));
  // The token has the setup. The client must send one nevertheless.
  const opened = () => send(socket, JSON.stringify({ setup: {} }));
  const sendAll = async () => {
    await sendAudio(socket, audio, (chunk) => input({ audio: { data: toBase64(chunk), mimeType: "audio/pcm;rate=16000" } }));
    ended = true;
    input({ audioStreamEnd: true });
  };
  const endTurn = (side, tell) => {
    if (turns[side]) tell(turns[side], true);
    turns[side] = "";
  };
  const read = (message) => {
    const { setupComplete, serverContent: content } = parseJson(message);
    if (setupComplete) return sendAll();
    if (!content) return false;
    if (content.inputTranscription?.text) onUser(turns.user += content.inputTranscription.text, false);
    if (content.interrupted) {
      onInterrupt();
      turns.agent = "";
      interrupted = true;
    }
    const parts = content.modelTurn?.parts ?? [];
    if (parts.length > 0 || content.outputTranscription) endTurn("user", onUser);
    for (const { inlineData } of parts) if (inlineData) onAudio(fromBase64(inlineData.data));
    const said = content.outputTranscription?.text ?? parts.map((part) => part.text ?? "").join("");
    if (said) onAgent(turns.agent += said, false);
    if (!content.turnComplete) return false;
    endTurn("agent", onAgent);
    // What the user said to interrupt, and has said since then, gets an answer too.
    const isAnswered = !interrupted && !turns.user;
    interrupted = false;
    return ended && isAnswered;
  };
  return conversation(socket, { opened, read, signal });
}
