// OpenAI Realtime: a token opens one session. Its profile decides what the session does, so the
// token's socket does too: conversations, transcriptions or translations.

import { number, text } from "../../web/page/fields.js";
import { fromBase64, toBase64 } from "../../web/page/playback.js";
import { conversation, open, send, sendAudio } from "../../web/page/socket.js";

export const note = "Valid for one session, of the profile’s type. Listen needs a profile of a transcription, Start another one.";

export const fields = [
  { name: "profile", label: "Profile", type: "radio", options: "profiles" },
  { name: "expires_in", label: "Seconds to connect", type: "number", value: 60 },
];

/** The token request of the page's form. */
export function ask(form) {
  return { profile: text(form.get("profile")), expires_in: number(form.get("expires_in")) };
}

/** Both directions have 16-bit samples at 24 kHz. */
export const rates = { input: 24000, output: 24000 };

/**
 * Transcribes `audio`. `onText` receives the transcript. Requires a profile of the type
 * `transcription`.
 */
export function listen({ connect }, audio, onText, signal) {
  const socket = open(connect.transcription);
  const texts = new Map(); // the transcript of each turn that is not complete
  let ended = false;
  const sendAll = async () => {
    await sendEach(socket, "input_audio_buffer.append", audio);
    // Turn detection has ended all turns but the last one.
    sendEvent(socket, { type: "input_audio_buffer.commit" });
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

/** Talks with the model, or with a translator, by the type of the profile. */
export function converse({ connect }, audio, callbacks, signal) {
  return connect.translation ? translate(connect, audio, callbacks, signal) : talk(connect, audio, callbacks, signal);
}

function talk(connect, audio, { onUser, onAgent, onAudio, onInterrupt }, signal) {
  const socket = open(connect.realtime);
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
        onAudio(fromBase64(event.delta));
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

/** The transcripts of a translation have no turns: each side is one text. */
function translate(connect, audio, { onUser, onAgent, onAudio }, signal) {
  const socket = open(connect.translation);
  let heard = "";
  let said = "";
  const sendAll = async () => {
    await sendEach(socket, "session.input_audio_buffer.append", audio);
    sendEvent(socket, { type: "session.close" });
  };
  const read = (event) => {
    if (event.error) throw new Error(event.error.message);
    if (event.type === "session.created") return sendAll();
    if (event.type === "session.input_transcript.delta") onUser((heard += event.delta), false);
    if (event.type === "session.output_transcript.delta") onAgent((said += event.delta), false);
    if (event.type === "session.output_audio.delta") onAudio(fromBase64(event.delta));
    if (event.type !== "session.closed") return false;
    if (heard) onUser(heard, true);
    if (said) onAgent(said, true);
    return true;
  };
  return conversation(socket, { read, signal });
}

const sendEvent = (socket, event) => send(socket, JSON.stringify(event));

const sendEach = (socket, type, audio) => (
  sendAudio(socket, audio, (chunk) => sendEvent(socket, { type, audio: toBase64(chunk) })));
