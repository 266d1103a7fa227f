// Speaks and listens with Cartesia.

import { fromBase64 } from "../../web/base64.js";
import { conversation, ignore, openFor, send, sendAudio, sendJson } from "../../web/socket.js";

const VOICE = { mode: "id", id: "e07c00bc-4134-4eae-9ea4-1a55fb45746b" };

/** Speaks a text. Requires the grant `tts`. */
export async function speak(source, text, options = {}) {
  const { onAudio = ignore, signal, model_id = "sonic-3.5", voice = VOICE, ...parameters } = options;
  const socket = await source.connect("tts", { signal });
  const opened = () => sendJson(socket, {
    ...parameters,
    model_id,
    voice,
    transcript: text,
    output_format: { container: "raw", encoding: "pcm_s16le", sample_rate: 24000 },
    context_id: "speech", // unique within the connection
  });
  const read = (message) => {
    if (message.type === "error") throw new Error(message.message);
    if (message.type === "chunk") onAudio(fromBase64(message.data), 24000);
    return message.type === "done";
  };
  return conversation(socket, { opened, read, signal });
}

/** Transcribes samples at 16 kHz. Requires the grant `stt`. */
export async function listen(source, audio, options = {}) {
  const { onText = ignore, signal, model = "ink-2", ...parameters } = options;
  const query = { ...parameters, model, encoding: "pcm_s16le", sample_rate: 16000 };
  const [socket, chunks] = await openFor(audio, source, "stt", { query, signal });
  const opened = async () => {
    await sendAudio(socket, chunks);
    send(socket, "finalize"); // these two commands are plain text, not JSON
    send(socket, "close");
  };
  const read = (message) => {
    if (message.type === "error") throw new Error(message.message);
    if (message.type === "transcript") onText(message.text, message.is_final);
    return message.type === "done";
  };
  return conversation(socket, { opened, read, chunks, signal });
}
