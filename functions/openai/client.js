// Listens, converses and translates with OpenAI Realtime. A token's profile decides on its socket.
// Both directions have 16-bit samples at 24 kHz.

import { fromBase64, toBase64 } from "../../web/base64.js";
import { conversation, ignore, openFor, sendAudio, sendJson } from "../../web/socket.js";

/** Transcribes speech. Requires a profile of the type `transcription`. */
export async function listen(source, audio, options = {}) {
  const { onText = ignore, signal } = options;
  const [socket, chunks] = await openFor(audio, source, "transcription", { signal });
  const texts = new Map(); // the transcript of each turn that is not complete
  let ended = false;
  let isAnswered = false; // the commit after the last audio
  const sendAll = async () => {
    await sendEach(socket, "input_audio_buffer.append", chunks);
    // Turn detection has ended all turns but the last one.
    ended = true;
    sendJson(socket, { type: "input_audio_buffer.commit" });
  };
  const read = (event) => {
    const { type, item_id } = event;
    // Nothing is left: turn detection has ended the last turn too.
    const isEmpty = ended && event.error?.code === "input_audio_buffer_commit_empty";
    if (event.error && !isEmpty) throw new Error(event.error.message);
    if (type === "session.created") return sendAll();
    if (type === "input_audio_buffer.committed") texts.set(item_id, "");
    if (ended && (isEmpty || type === "input_audio_buffer.committed")) isAnswered = true;
    if (type === "conversation.item.input_audio_transcription.delta") {
      texts.set(item_id, texts.get(item_id) + event.delta);
      onText(texts.get(item_id), false);
    }
    if (type === "conversation.item.input_audio_transcription.completed") {
      texts.delete(item_id);
      onText(event.transcript, true);
    }
    return isAnswered && texts.size === 0;
  };
  return conversation(socket, { read, chunks, signal });
}

/** Talks with the model. Requires a profile of the type `realtime`. */
export async function converse(source, audio, options = {}) {
  const { onUser = ignore, onAgent = ignore, onAudio = ignore, onInterrupt = ignore, signal } = options;
  const [socket, chunks] = await openFor(audio, source, "realtime", { signal });
  let heard = "";
  let said = "";
  let ended = false;
  let isTurnOpen = false;
  const sendAll = async () => {
    await sendEach(socket, "input_audio_buffer.append", chunks);
    ended = true;
  };
  const read = (event) => {
    switch (event.type) {
      case "error":
        throw new Error(event.error.message);
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
      case "conversation.item.input_audio_transcription.failed":
        heard = ""; // the model answers what it heard, without its text
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
      case "response.done":
        checkResponse(event.response);
        // A response can also end because the user interrupts: then another one follows.
        return ended && !isTurnOpen;
      default:
        return false;
    }
  };
  return conversation(socket, { read, chunks, signal });
}

/** Fails with a response that failed or was cut off. One that the user interrupts is `cancelled`. */
function checkResponse({ status, status_details: details } = {}) {
  if (status === "failed") throw new Error(details?.error?.message ?? "The model's answer failed.");
  if (status === "incomplete") throw new Error(`The model's answer is incomplete: ${details?.reason ?? "no reason"}.`);
}

/**
 * Translates speech. The transcripts have no turns: each side is one text. Requires a profile of
 * the type `translation`.
 */
export async function translate(source, audio, options = {}) {
  const { onUser = ignore, onAgent = ignore, onAudio = ignore, signal } = options;
  const [socket, chunks] = await openFor(audio, source, "translation", { signal });
  let heard = "";
  let said = "";
  const sendAll = async () => {
    await sendEach(socket, "session.input_audio_buffer.append", chunks);
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
  return conversation(socket, { read, chunks, signal });
}

const sendEach = (socket, type, chunks) => (
  sendAudio(socket, chunks, (chunk) => sendJson(socket, { type, audio: toBase64(chunk) })));
