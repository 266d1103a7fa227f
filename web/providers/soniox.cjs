// Generated from web/providers/soniox.js by `make generate`. Do not edit.
"use strict";

// Speaks and listens with Soniox. The key is in the subprotocols, so the messages have none.

const { fromBase64 } = require("../base64.cjs");
const { conversation, ignore, openFor, send, sendAudio, sendJson } = require("../socket.cjs");

/** Speaks a text. Requires the usage type `tts_rt`. */
async function speak(source, text, options = {}) {
  const { onAudio = ignore, signal, model = "tts-rt-v2", language = "en", voice = "Adrian", ...parameters } = options;
  const socket = await source.connect("tts_rt", { signal });
  const stream_id = "speech"; // unique within the connection
  const opened = () => {
    const format = { audio_format: "pcm_s16le", sample_rate: 24000 };
    sendJson(socket, { ...parameters, stream_id, model, language, voice, ...format });
    sendJson(socket, { stream_id, text, text_end: true });
  };
  const read = (message) => {
    throwError(message);
    if (message.audio) onAudio(fromBase64(message.audio), 24000);
    return message.terminated; // Soniox leaves the connection open for further streams
  };
  return conversation(socket, { opened, read, signal });
}

/** Transcribes samples at 16 kHz. Requires the usage type `transcribe_websocket`. */
async function listen(source, audio, options = {}) {
  const { onText = ignore, signal, model = "stt-rt-v5", enable_endpoint_detection = true, ...parameters } = options;
  const [socket, chunks] = await openFor(audio, source, "transcribe_websocket", { signal });
  const format = { audio_format: "pcm_s16le", sample_rate: 16000, num_channels: 1 };
  const opened = async () => {
    sendJson(socket, { ...parameters, model, ...format, enable_endpoint_detection });
    await sendAudio(socket, chunks);
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
  return conversation(socket, { opened, read, chunks, signal });
}

function throwError({ error_code, error_message }) {
  if (error_code) throw new Error(`${error_message} (${error_code})`);
}

module.exports = { speak, listen };
