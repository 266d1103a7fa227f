// Generated from functions/gemini/client.js by `make generate`. Do not edit.

// Converses with Gemini Live. The session has the setup of the token's profile, whatever the page
// sends.

import { fromBase64, toBase64 } from "../base64.js";
import { conversation, ignore, openFor, parseJson, sendAudio, sendJson } from "../socket.js";

/** Talks with the model. It hears samples at 16 kHz, and speaks at 24 kHz. */
export async function converse(source, audio, options = {}) {
  const { onUser = ignore, onAgent = ignore, onAudio = ignore, onInterrupt = ignore, signal } = options;
  const [socket, chunks] = await openFor(audio, source, "live", { signal });
  const turns = { user: "", agent: "" };
  let ended = false;
  let interrupted = false;
  const input = (content) => sendJson(socket, { realtimeInput: content });
  // The token has the setup. The client must send one nevertheless.
  const opened = () => sendJson(socket, { setup: {} });
  const sendAll = async () => {
    await sendAudio(socket, chunks, (chunk) => input({ audio: { data: toBase64(chunk), mimeType: "audio/pcm;rate=16000" } }));
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
    for (const { inlineData } of parts) if (inlineData) onAudio(fromBase64(inlineData.data), 24000);
    const said = content.outputTranscription?.text ?? parts.map((part) => part.text ?? "").join("");
    if (said) onAgent(turns.agent += said, false);
    if (!content.turnComplete) return false;
    endTurn("agent", onAgent);
    // What the user said to interrupt, and has said since then, gets an answer too.
    const isAnswered = !interrupted && !turns.user;
    interrupted = false;
    return ended && isAnswered;
  };
  return conversation(socket, { opened, read, chunks, signal });
}
