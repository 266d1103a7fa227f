// Speaks and listens with ElevenLabs.

import { fromBase64, toBase64 } from "../../web/base64.js";
import { conversation, ignore, openFor, sendAudio, sendJson } from "../../web/socket.js";

/** Speaks a text. Requires the token type `tts_websocket`. */
export async function speak(source, text, options = {}) {
  const { onAudio = ignore, signal, voice_id = "JBFqnCBsd6RMkjVDRZzb", model_id = "eleven_flash_v2_5", voice_settings, ...parameters } = options;
  const query = { ...parameters, voice_id, model_id, output_format: "pcm_24000" };
  const socket = await source.connect("tts_websocket", { query, signal });
  const opened = () => {
    // A space starts the stream, each text ends with a space, and an empty text ends the stream.
    sendJson(socket, { text: " ", voice_settings });
    sendJson(socket, { text: `${text} ` });
    sendJson(socket, { text: "" });
  };
  const read = (message) => {
    if (message.error) throw new Error(message.message ?? message.error);
    if (message.audio) onAudio(fromBase64(message.audio), 24000);
    return message.isFinal;
  };
  return conversation(socket, { opened, read, signal });
}

/** Transcribes samples at 16 kHz. Requires the token type `realtime_scribe`. */
export async function listen(source, audio, options = {}) {
  const { onText = ignore, signal, model_id = "scribe_v2_realtime", ...parameters } = options;
  const query = { ...parameters, model_id, audio_format: "pcm_16000" };
  const [socket, chunks] = await openFor(audio, source, "realtime_scribe", { query, signal });
  let ended = false;
  const sendChunk = (audio, commit) => sendJson(socket, {
    message_type: "input_audio_chunk",
    audio_base_64: audio,
    commit,
    sample_rate: 16000,
  });
  const sendAll = async () => {
    await sendAudio(socket, chunks, (chunk) => sendChunk(toBase64(chunk), false));
    ended = true;
    sendChunk("", true);
  };
  const read = (message) => {
    if (message.error) throw new Error(message.error);
    if (message.message_type === "session_started") return sendAll();
    if (message.message_type === "partial_transcript") onText(message.text, false);
    if (message.message_type !== "committed_transcript") return false;
    onText(message.text, message.text !== ""); // without speech since the last one, it is empty
    return ended; // the provider also commits by itself during long speech
  };
  return conversation(socket, { read, chunks, signal });
}
