// ElevenLabs: a token is for single use, and for the purpose that its type names.

import { fromBase64, toBase64 } from "../../web/page/playback.js";
import { conversation, open, send, sendAudio } from "../../web/page/socket.js";

export const note = "Valid for one connection within 15 minutes.";

export const fields = [
  {
    name: "token_type",
    label: "Purpose",
    type: "radio",
    options: ["realtime_scribe", "tts_websocket"],
    chosen: ["realtime_scribe"],
  },
];

/** The token request of the page's form. */
export function ask(form) {
  return { token_type: form.get("token_type") };
}

/** What a token can be used for. */
export function modes({ token_type }) {
  return [token_type === "tts_websocket" ? "speak" : "listen"];
}

const VOICE = "JBFqnCBsd6RMkjVDRZzb";

/**
 * Speaks a text. `onAudio` receives chunks of 16-bit samples at 24 kHz. Requires the type
 * `tts_websocket`.
 */
export function speak({ connect }, text, onAudio, signal) {
  const entry = connect.tts_websocket;
  const withVoice = entry && { ...entry, url: entry.url.replace("{voice_id}", VOICE) };
  const socket = open(withVoice, { model_id: "eleven_flash_v2_5", output_format: "pcm_24000" });
  const opened = () => {
    // A space starts the stream, each text ends with a space, and an empty text ends the stream.
    for (const part of [" ", `${text} `, ""]) send(socket, JSON.stringify({ text: part }));
  };
  const read = (message) => {
    if (message.error) throw new Error(message.message ?? message.error);
    if (message.audio) onAudio(fromBase64(message.audio));
    return message.isFinal;
  };
  return conversation(socket, { opened, read, signal });
}

/**
 * Transcribes `audio`, chunks of 16-bit samples at 16 kHz. `onText` receives the transcript.
 * Requires the type `realtime_scribe`.
 */
export function listen({ connect }, audio, onText, signal) {
  const socket = open(connect.realtime_scribe, { model_id: "scribe_v2_realtime", audio_format: "pcm_16000" });
  let ended = false;
  const sendChunk = (audio, commit) => send(socket, JSON.stringify({
    message_type: "input_audio_chunk",
    audio_base_64: audio,
    commit,
    sample_rate: 16000,
  }));
  const sendAll = async () => {
    await sendAudio(socket, audio, (chunk) => sendChunk(toBase64(chunk), false));
    ended = true;
    sendChunk("", true);
  };
  const read = (message) => {
    if (message.error) throw new Error(message.error);
    if (message.message_type === "session_started") return sendAll();
    if (message.message_type === "partial_transcript") onText(message.text, false);
    if (message.message_type !== "committed_transcript") return false;
    onText(message.text, true);
    return ended; // the provider also commits by itself during long speech
  };
  return conversation(socket, { read, signal });
}
