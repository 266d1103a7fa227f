// Soniox: a token has one usage type, and by default it opens one session. The session may last
// longer than the token.

import { number } from "../../web/page/fields.js";
import { fromBase64 } from "../../web/page/playback.js";
import { conversation, open, send, sendAudio } from "../../web/page/socket.js";

export const note = "Valid for one session, which may last longer than the token.";

export const fields = [
  {
    name: "usage_type",
    label: "Purpose",
    type: "radio",
    options: ["transcribe_websocket", "tts_rt"],
    chosen: ["transcribe_websocket"],
  },
  { name: "expires_in_seconds", label: "Seconds to connect", type: "number", value: 60 },
];

/** The token request of the page's form. */
export function ask(form) {
  return { usage_type: form.get("usage_type"), expires_in_seconds: number(form.get("expires_in_seconds")) };
}

/** What a token can be used for. */
export function modes({ usage_type }) {
  return [usage_type === "tts_rt" ? "speak" : "listen"];
}

/**
 * Speaks a text. `onAudio` receives chunks of 16-bit samples at 24 kHz. Requires the type `tts_rt`.
 * The key is in the subprotocols of `connect`, so the messages have none.
 */
export function speak({ connect }, text, onAudio, signal) {
  const socket = open(connect.tts_rt);
  const stream_id = "page";
  const opened = () => {
    const format = { audio_format: "pcm_s16le", sample_rate: 24000 };
    send(socket, JSON.stringify({ stream_id, model: "tts-rt-v2", language: "en", voice: "Adrian", ...format }));
    send(socket, JSON.stringify({ stream_id, text, text_end: true }));
  };
  const read = (message) => {
    throwError(message);
    if (message.audio) onAudio(fromBase64(message.audio));
    return message.terminated; // Soniox leaves the connection open for further streams
  };
  return conversation(socket, { opened, read, signal });
}

/**
 * Transcribes `audio`, chunks of 16-bit samples at 16 kHz. `onText` receives the transcript. Requires
 * the type `transcribe_websocket`.
 */
export function listen({ connect }, audio, onText, signal) {
  const socket = open(connect.transcribe_websocket);
  const format = { audio_format: "pcm_s16le", sample_rate: 16000, num_channels: 1 };
  const opened = async () => {
    send(socket, JSON.stringify({ model: "stt-rt-v5", ...format, enable_endpoint_detection: true }));
    await sendAudio(socket, audio);
    send(socket, ""); // an empty text ends the audio; an empty binary message does not
  };
  let utterance = ""; // what is final of it
  const end = () => {
    if (utterance.trim()) onText(utterance.trim(), true);
    utterance = "";
  };
  const read = (message) => {
    throwError(message);
    let rest = "";
    for (const { text, is_final } of message.tokens ?? []) {
      if (text === "<end>") end();
      else if (is_final) utterance += text;
      else rest += text;
    }
    if (message.finished) end();
    else if (utterance + rest) onText((utterance + rest).trim(), false);
    return message.finished;
  };
  return conversation(socket, { opened, read, signal });
}

function throwError({ error_code, error_message }) {
  if (error_code) throw new Error(`${error_message} (${error_code})`);
}
