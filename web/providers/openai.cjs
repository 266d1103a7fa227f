// Generated from web/providers/openai.js by `make generate`. Do not edit.
"use strict";

// Listens, converses and translates with OpenAI Realtime. A token's profile decides on its socket.
// Both directions have 16-bit samples at 24 kHz.

const { fromBase64, toBase64 } = require("../base64.cjs");
const { conversation, ignore, sendAudio, sendJson } = require("../socket.cjs");

/** Transcribes speech. Requires a profile of the type `transcription`. */
async function listen(source, audio, options = {}) {
  const { onText = ignore, signal } = options;
  const socket = await source.connect("transcription", { signal });
  const texts = new Map(); // the transcript of each turn that is not complete
  let ended = false;
  const sendAll = async () => {
    await sendEach(socket, "input_audio_buffer.append", audio);
    // Turn detection has ended all turns but the last one.
    sendJson(socket, { type: "input_audio_buffer.commit" });
    ended = true;
  };
  const read = (event) => {
    const { type, item_id } = event;
    // Nothing is left: turn detection has ended the last turn too.
    const isEmpty = ended && event.error?.code === "input_audio_buffer_commit_empty";
    if (event.error && !isEmpty) throw new Error(event.error.message);
    if (type === "session.created") return sendAll();
    if (type === "input_audio_buffer.committed") texts.set(item_id, "");
    if (type === "conversation.item.input_audio_transcription.delta") {
      texts.set(item_id, texts.get(item_id) + event.delta);
      onText(texts.get(item_id), false);
    }
    const isComplete = type === "conversation.item.input_audio_transcription.completed";
    if (isComplete) {
      texts.delete(item_id);
      onText(event.transcript, true);
    }
    return (isEmpty || (isComplete && ended)) && texts.size === 0;
  };
  return conversation(socket, { read, signal });
}

/** Talks with the model. Requires a profile of the type `realtime`. */
async function converse(source, audio, options = {}) {
  const { onUser = ignore, onAgent = ignore, onAudio = ignore, onInterrupt = ignore, signal } = options;
  const socket = await source.connect("realtime", { signal });
  let heard = "";
  let said = "";
  let ended = false;
  let isTurnOpen = false;
  const sendAll = async () => {
    await sendEach(socket, "input_audio_buffer.append", audio);
    ended = true;
  };
  const read = (event) => {
    if (event.error) throw new Error(event.error.message);
    switch (event.type) {
      case "session.created":
        return sendAll();
      case "input_audio_buffer.speech_started":
        isTurnOpen = true;
        onInterrupt();
        onUser("", false);
        return false;
      case "conversation.item.input_audio_transcription.delta":
        onUser((heard += event.delta), false);
        return false;
      case "conversation.item.input_audio_transcription.completed":
        onUser(event.transcript, true);
        heard = "";
        return false;
      case "response.created":
        isTurnOpen = false;
        said = "";
        return false;
      case "response.output_audio.delta":
        onAudio(fromBase64(event.delta), 24000);
        return false;
      case "response.output_audio_transcript.delta":
      case "response.output_text.delta":
        onAgent((said += event.delta), false);
        return false;
      case "response.output_audio_transcript.done":
      case "response.output_text.done":
        onAgent(event.transcript ?? event.text, true);
        return false;
      default:
        // A response can also end because the user interrupts: then another one follows.
        return event.type === "response.done" && ended && !isTurnOpen;
    }
  };
  return conversation(socket, { read, signal });
}

/**
 * Translates speech. The transcripts have no turns: each side is one text. Requires a profile of
 * the type `translation`.
 */
async function translate(source, audio, options = {}) {
  const { onUser = ignore, onAgent = ignore, onAudio = ignore, signal } = options;
  const socket = await source.connect("translation", { signal });
  let heard = "";
  let said = "";
  const sendAll = async () => {
    await sendEach(socket, "session.input_audio_buffer.append", audio);
    sendJson(socket, { type: "session.close" });
  };
  const read = (event) => {
    if (event.error) throw new Error(event.error.message);
    if (event.type === "session.created") return sendAll();
    if (event.type === "session.input_transcript.delta") onUser((heard += event.delta), false);
    if (event.type === "session.output_transcript.delta") onAgent((said += event.delta), false);
    if (event.type === "session.output_audio.delta") onAudio(fromBase64(event.delta), 24000);
    if (event.type !== "session.closed") return false;
    if (heard) onUser(heard, true);
    if (said) onAgent(said, true);
    return true;
  };
  return conversation(socket, { read, signal });
}

const sendEach = (socket, type, audio) => (
  sendAudio(socket, audio, (chunk) => sendJson(socket, { type, audio: toBase64(chunk) })));

module.exports = { listen, converse, translate };
