// Generated from web/providers/assemblyai.js by `make generate`. Do not edit.
"use strict";

// Listens and converses with AssemblyAI.

const { fromBase64, toBase64 } = require("../base64.cjs");
const { conversation, ignore, openFor, sendAudio, sendJson } = require("../socket.cjs");

/** Transcribes samples at 16 kHz. Requires the product `streaming`. */
async function listen(source, audio, options = {}) {
  const { onText = ignore, signal, ...parameters } = options;
  const query = { ...parameters, sample_rate: 16000, format_turns: true };
  const [socket, chunks] = await openFor(audio, source, "streaming", { query, signal });
  const sendAll = async () => {
    await sendAudio(socket, chunks);
    sendJson(socket, { type: "Terminate" });
  };
  const read = (message) => {
    if (message.error) throw new Error(message.error);
    if (message.type === "Begin") return sendAll();
    // The end of a turn arrives twice: unformatted, then with punctuation.
    if (message.type === "Turn") onText(message.transcript, message.end_of_turn && message.turn_is_formatted);
    return message.type === "Termination";
  };
  return conversation(socket, { read, chunks, signal });
}

// The page chooses all of this: a token does not lock it. An `agent_id` would replace it.
const SESSION = {
  system_prompt: "You are a friendly assistant. Answer in one or two short sentences.",
  greeting: "Hello! How can I help you?",
};

/** Talks with an agent. It hears and speaks at 24 kHz. Requires the product `agent`. */
async function converse(source, audio, options = {}) {
  const { onUser = ignore, onAgent = ignore, onAudio = ignore, onInterrupt = ignore, signal, session = SESSION } = options;
  const [socket, chunks] = await openFor(audio, source, "agent", { signal });
  let isEnding = false;
  let isAudioOver = false;
  let isAnswerDue = false; // the user has spoken since the last reply started

  // A session whose socket just closes waits 30 s for its client to come back.
  const end = () => {
    if (!isEnding) sendJson(socket, { type: "session.end" });
    isEnding = true;
  };
  const sendAll = async () => {
    await sendAudio(socket, chunks, (chunk) => sendJson(socket, { type: "input.audio", audio: toBase64(chunk) }));
    isAudioOver = true;
  };
  const opened = () => sendJson(socket, { type: "session.update", session });
  const read = (message) => {
    switch (message.type) {
      case "session.error": throw new Error(message.message);
      case "session.ready": return sendAll();
      case "input.speech.started": isAnswerDue = true; break;
      case "transcript.user.delta": onUser(message.text, false); break;
      case "transcript.user": onUser(message.text, true); break;
      case "reply.started": isAnswerDue = false; break;
      case "reply.audio": onAudio(fromBase64(message.data), 24000); break;
      case "transcript.agent": onAgent(message.text, true); break;
      case "reply.done":
        if (message.status === "interrupted") onInterrupt();
        else if (isAudioOver && !isAnswerDue) end();
        break;
    }
    return message.type === "session.ended";
  };
  return conversation(socket, { opened, read, closing: end, chunks, signal });
}

module.exports = { listen, converse };
