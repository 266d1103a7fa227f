// ElevenLabs Agents: a token opens one conversation with the agent of a profile.

import { text } from "../../web/page/fields.js";
import { fromBase64, toBase64 } from "../../web/page/playback.js";
import { conversation, open, send, sendAudio } from "../../web/page/socket.js";

export const note = "Valid for one conversation, which must start within 15 minutes.";

export const fields = [
  { name: "profile", label: "Profile", type: "radio", options: "profiles" },
  { name: "connection", label: "Connection", type: "radio", options: ["websocket", "webrtc"], chosen: ["websocket"] },
];

/** The token request of the page's form. */
export function ask(form) {
  return { profile: text(form.get("profile")), connection: form.get("connection") };
}

/** What a token can be used for. */
export function modes({ connection }) {
  return connection === "webrtc" ? [] : ["converse"];
}

export const usage = "Use this token with ElevenLabs’ own client, which joins a room of LiveKit at livekit_url.";

/** Samples per second that an agent hears and speaks, unless it is set up for others. */
export const rates = { input: 16000, output: 16000 };

/**
 * Talks with the agent. `audio` has chunks of 16-bit samples at 16 kHz. Returns when the agent ends
 * the conversation.
 */
export async function converse({ connect }, audio, { onUser, onAgent, onAudio, onInterrupt }, signal) {
  const socket = open(connect.conversation);
  let interrupted = 0; // the event up to which audio is dropped
  const sendMessage = (message) => send(socket, JSON.stringify(message));
  const sendAll = async () => {
    await sendAudio(socket, audio, (chunk) => sendMessage({ user_audio_chunk: toBase64(chunk) }));
  };
  const opened = () => sendMessage({ type: "conversation_initiation_client_data" });
  const read = (message) => {
    const event = message[EVENTS[message.type]];
    switch (message.type) {
      case "conversation_initiation_metadata":
        checkFormats(event);
        return sendAll();
      case "ping":
        sendMessage({ type: "pong", event_id: event.event_id });
        break;
      case "user_transcript":
        onUser(event.user_transcript, true);
        break;
      case "agent_response":
        onAgent(event.agent_response, true);
        break;
      case "audio":
        if (event.event_id > interrupted) onAudio(fromBase64(event.audio_base_64));
        break;
      case "interruption":
        interrupted = event.event_id;
        onInterrupt();
        break;
    }
    return false;
  };
  await conversation(socket, { opened, read, signal });
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
    throw new Error(`The agent hears ${input} and speaks ${output}, but this page only knows pcm_16000.`);
  }
}
