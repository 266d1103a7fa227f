// Generated from web/providers/elevenlabs-agents.js by `make generate`. Do not edit.
"use strict";

// Converses with an agent of ElevenLabs.

const { fromBase64, toBase64 } = require("../base64.cjs");
const { conversation, ignore, openFor, sendAudio, sendJson } = require("../socket.cjs");

/**
 * Talks with the agent of the token's profile. It hears and speaks at 16 kHz. Returns when the
 * agent ends the conversation: the end of the audio does not end it.
 */
async function converse(source, audio, options = {}) {
  const { onUser = ignore, onAgent = ignore, onAudio = ignore, onInterrupt = ignore, signal, ...parameters } = options;
  const [socket, chunks] = await openFor(audio, source, "conversation", { signal });
  let interrupted = 0; // the event up to which audio is dropped
  const sendAll = async () => {
    await sendAudio(socket, chunks, (chunk) => sendJson(socket, { user_audio_chunk: toBase64(chunk) }));
  };
  const opened = () => sendJson(socket, { ...parameters, type: "conversation_initiation_client_data" });
  const read = (message) => {
    const event = message[EVENTS[message.type]];
    switch (message.type) {
      case "conversation_initiation_metadata":
        checkFormats(event);
        return sendAll();
      case "ping":
        sendJson(socket, { type: "pong", event_id: event.event_id });
        break;
      case "user_transcript":
        onUser(event.user_transcript, true);
        break;
      case "agent_response":
        onAgent(event.agent_response, true);
        break;
      case "audio":
        if (event.event_id > interrupted) onAudio(fromBase64(event.audio_base_64), 16000);
        break;
      case "interruption":
        interrupted = event.event_id;
        onInterrupt();
        break;
    }
    return false;
  };
  return conversation(socket, { opened, read, endsWith: 1000, chunks, signal });
}

const EVENTS = {
  conversation_initiation_metadata: "conversation_initiation_metadata_event",
  ping: "ping_event",
  user_transcript: "user_transcription_event",
  agent_response: "agent_response_event",
  audio: "audio_event",
  interruption: "interruption_event",
};

function checkFormats({ agent_output_audio_format: output, user_input_audio_format: input }) {
  if (input !== "pcm_16000" || output !== "pcm_16000") {
    throw new Error(`The agent hears ${input} and speaks ${output}, but both must be pcm_16000.`);
  }
}

module.exports = { converse };
