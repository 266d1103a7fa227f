// ElevenLabs: a token is spent on first use, and good for the one thing that its type names.

import { fromBase64, toBase64 } from "./sound.js";
import { conversation, open, send, sendSound } from "./socket.js";

const VOICE = "JBFqnCBsd6RMkjVDRZzb";

/** Speaks a text: `onSound` gets pieces of 16-bit samples, 24,000 a second. Takes a token of type `tts_websocket`. */
export function speak({ token, base_url }, text, onSound, signal) {
  const socket = open(base_url, `/v1/text-to-speech/${VOICE}/stream-input`, {
    single_use_token: token,
    model_id: "eleven_flash_v2_5",
    output_format: "pcm_24000",
  });
  const opened = () => {
    // A blank starts the stream, each text ends with one, and nothing at all ends it.
    for (const part of [" ", `${text} `, ""]) send(socket, JSON.stringify({ text: part }));
  };
  const read = (message) => {
    if (message.error) throw new Error(message.message ?? message.error);
    if (message.audio) onSound(fromBase64(message.audio));
    return message.isFinal;
  };
  return conversation(socket, { opened, read, signal });
}

/**
 * Listens to `sound`, pieces of 16-bit samples, 16,000 a second: `onText` gets what was heard. Takes a token of type
 * `realtime_scribe`.
 */
export function listen({ token, base_url }, sound, onText, signal) {
  const socket = open(base_url, "/v1/speech-to-text/realtime", {
    token,
    model_id: "scribe_v2_realtime",
    audio_format: "pcm_16000",
  });
  let ended = false;
  const sendAudio = (audio, commit) => send(socket, JSON.stringify({
    message_type: "input_audio_chunk",
    audio_base_64: audio,
    commit,
    sample_rate: 16000,
  }));
  const sendAll = async () => {
    await sendSound(socket, sound, (piece) => sendAudio(toBase64(piece), false));
    ended = true;
    sendAudio("", true);
  };
  const read = (message) => {
    if (message.error) throw new Error(message.error);
    if (message.message_type === "session_started") return sendAll();
    if (message.message_type === "partial_transcript") onText(message.text, false);
    if (message.message_type !== "committed_transcript") return false;
    onText(message.text, true);
    return ended; // the provider commits by itself where somebody speaks for very long
  };
  return conversation(socket, { read, signal });
}
