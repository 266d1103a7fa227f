// Generated from functions/deepgram/client.js by `make generate`. Do not edit.

// Speaks, listens and converses with Deepgram.

import { conversation, ignore, openFor, sendAudio, sendJson } from "../socket.js";

const VOICE = "aura-2-thalia-en";

// A silent client is disconnected after about 10 seconds.
const KEEP_ALIVE_MILLISECONDS = 5000;

/** Speaks a text. */
export async function speak(source, text, options = {}) {
  const { onAudio = ignore, signal, model = VOICE, ...parameters } = options;
  const query = { ...parameters, model, encoding: "linear16", sample_rate: 24000 };
  const socket = await source.connect("speak", { query, signal });
  const opened = () => {
    sendJson(socket, { type: "Speak", text });
    sendJson(socket, { type: "Flush" });
  };
  const read = (message) => {
    if (message instanceof Uint8Array) onAudio(message, 24000);
    if (message.type === "Warning") throw new Error(message.description);
    return message.type === "Flushed";
  };
  return conversation(socket, { opened, read, signal });
}

/** Transcribes samples at 16 kHz. */
export async function listen(source, audio, options = {}) {
  const { onText = ignore, signal, model = "nova-3", interim_results = true, smart_format = true, ...parameters } = options;
  const query = { ...parameters, model, encoding: "linear16", sample_rate: 16000, interim_results, smart_format };
  const [socket, chunks] = await openFor(audio, source, "listen", { query, signal });
  const opened = async () => {
    await sendAudio(socket, chunks);
    sendJson(socket, { type: "CloseStream" });
  };
  const read = (message) => {
    if (message.type === "Error") throw new Error(message.description);
    if (message.type === "Results") {
      const { transcript } = message.channel.alternatives[0];
      onText(transcript, message.is_final && transcript !== ""); // a pause has an empty result
    }
    return message.type === "Metadata";
  };
  return conversation(socket, { opened, read, chunks, signal });
}

// All settings of the agent are the page's own: a token locks none of them.
const AGENT = {
  listen: { provider: { type: "deepgram", model: "nova-3" } },
  think: {
    provider: { type: "open_ai", model: "gpt-4o-mini" },
    prompt: "You are a friendly voice assistant. Answer in one or two short sentences.",
  },
  speak: { provider: { type: "deepgram", model: VOICE } },
  greeting: "Hello! What can I do for you?",
};

const AGENT_AUDIO = {
  input: { encoding: "linear16", sample_rate: 16000 },
  output: { encoding: "linear16", sample_rate: 24000, container: "none" },
};

/** Talks with a voice agent. It hears samples at 16 kHz, and speaks at 24 kHz. */
export async function converse(source, audio, options = {}) {
  const { onUser = ignore, onAgent = ignore, onAudio = ignore, onInterrupt = ignore, signal, agent = AGENT } = options;
  const [socket, chunks] = await openFor(audio, source, "agent", { signal });
  const timer = setInterval(() => sendJson(socket, { type: "KeepAlive" }), KEEP_ALIVE_MILLISECONDS);
  let hasEnded = false; // the user's audio
  let isAnswerDue = false; // the user has spoken since the agent's last text
  const sendAll = async () => {
    await sendAudio(socket, chunks);
    hasEnded = true;
  };
  const read = (message) => {
    if (message.type === "Error") throw new Error(message.description);
    if (message instanceof Uint8Array) onAudio(message, 24000);
    if (message.type === "UserStartedSpeaking") {
      isAnswerDue = true;
      onInterrupt();
    }
    if (message.type === "ConversationText") {
      if (message.role === "assistant") isAnswerDue = false;
      const show = message.role === "user" ? onUser : onAgent;
      show(message.content, true);
    }
    if (message.type === "Welcome") sendJson(socket, { type: "Settings", audio: AGENT_AUDIO, agent });
    if (message.type === "SettingsApplied") return sendAll();
    return message.type === "AgentAudioDone" && hasEnded && !isAnswerDue;
  };
  return conversation(socket, { read, closing: () => clearInterval(timer), chunks, signal });
}
