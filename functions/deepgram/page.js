// Deepgram: a token is valid until it expires, for speech, transcripts and voice agents alike.

import { number } from "../../web/page/fields.js";
import { conversation, open, send, sendAudio } from "../../web/page/socket.js";

export const note = "Valid for many connections of any kind until it expires.";

export const fields = [{ name: "ttl_seconds", label: "Seconds", type: "number", value: 60 }];

/** The token request of the page's form. */
export function ask(form) {
  return { ttl_seconds: number(form.get("ttl_seconds")) };
}

const VOICE = "aura-2-thalia-en";

// A silent client is disconnected after about 10 seconds.
const KEEP_ALIVE_MILLISECONDS = 5000;

const sendJson = (socket, message) => send(socket, JSON.stringify(message));

/** Speaks a text. `onAudio` receives chunks of 16-bit samples at 24 kHz. */
export function speak({ connect }, text, onAudio, signal) {
  const socket = open(connect.speak, { model: VOICE, encoding: "linear16", sample_rate: 24000 });
  const opened = () => {
    sendJson(socket, { type: "Speak", text });
    sendJson(socket, { type: "Flush" });
  };
  const read = (message) => {
    if (message instanceof Uint8Array) onAudio(message);
    if (message.type === "Warning") throw new Error(message.description);
    return message.type === "Flushed";
  };
  return conversation(socket, { opened, read, signal });
}

/** Transcribes `audio`, chunks of 16-bit samples at 16 kHz. `onText` receives the transcript. */
export function listen({ connect }, audio, onText, signal) {
  const socket = open(connect.listen, {
    model: "nova-3",
    encoding: "linear16",
    sample_rate: 16000,
    interim_results: true,
    smart_format: true,
  });
  const opened = async () => {
    await sendAudio(socket, audio);
    sendJson(socket, { type: "CloseStream" });
  };
  const read = (message) => {
    if (message.type === "Error") throw new Error(message.description);
    if (message.type === "Results") onText(message.channel.alternatives[0].transcript, message.is_final);
    return message.type === "Metadata";
  };
  return conversation(socket, { opened, read, signal });
}

// All settings of the agent are the page's own: a token locks none of them.
const SETTINGS = {
  type: "Settings",
  audio: {
    input: { encoding: "linear16", sample_rate: 16000 },
    output: { encoding: "linear16", sample_rate: 24000, container: "none" },
  },
  agent: {
    listen: { provider: { type: "deepgram", model: "nova-3" } },
    think: {
      provider: { type: "open_ai", model: "gpt-4o-mini" },
      prompt: "You are a friendly voice assistant. Answer in one or two short sentences.",
    },
    speak: { provider: { type: "deepgram", model: VOICE } },
    greeting: "Hello! What can I do for you?",
  },
};

/**
 * Talks with a voice agent. `audio` yields 16-bit samples at 16 kHz, and `onAudio` receives them at
 * 24 kHz.
 */
export async function converse({ connect }, audio, { onUser, onAgent, onAudio, onInterrupt }, signal) {
  const socket = open(connect.agent);
  const timer = setInterval(() => sendJson(socket, { type: "KeepAlive" }), KEEP_ALIVE_MILLISECONDS);
  let hasEnded = false; // the user's audio
  const sendAll = async () => {
    await sendAudio(socket, audio);
    hasEnded = true;
  };
  const read = (message) => {
    if (message.type === "Error") throw new Error(message.description);
    if (message instanceof Uint8Array) onAudio(message);
    if (message.type === "UserStartedSpeaking") onInterrupt();
    if (message.type === "ConversationText") {
      const show = message.role === "user" ? onUser : onAgent;
      show(message.content, true);
    }
    if (message.type === "Welcome") sendJson(socket, SETTINGS);
    if (message.type === "SettingsApplied") return sendAll();
    return message.type === "AgentAudioDone" && hasEnded;
  };
  try {
    await conversation(socket, { read, signal });
  } finally {
    clearInterval(timer);
  }
}
