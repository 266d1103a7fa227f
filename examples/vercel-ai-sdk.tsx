// OpenAI Realtime with the Vercel AI SDK: a conversation in a React app. Copy it to src/App.tsx.

import { openai } from "@ai-sdk/openai";
import { experimental_useRealtime as useRealtime } from "@ai-sdk/react";
import { useState } from "react";
import { flushSync } from "react-dom";
import { createTokenSource } from "voicemint";

const tokens = createTokenSource("/openai/token", { ask: { profile: "default" } });

// At module level: a new object replaces the hook's session. The model is that of the profile.
// Without a sessionConfig, the hook changes nothing else of the profile.
const model = openai.experimental_realtime("gpt-realtime", { api: "realtime" });

/**
 * The hook's `api`, for one conversation. Its form `{ token: url }` does not fit: the hook would
 * post a session configuration to that URL, but the configuration is the deployment's.
 */
async function getSocket() {
  const { connect } = await tokens.getToken();
  if (!connect?.realtime) throw new Error("The profile is not for conversations.");
  return { websocket: connect.realtime.url, protocols: connect.realtime.protocols };
}

export default function App() {
  const [api, setApi] = useState({ websocket: "", protocols: [] as string[] });
  const [problem, setProblem] = useState("");
  const realtime = useRealtime({ model, api, onError: (error) => setProblem(error.message) });

  // In the click handler, not in an effect: StrictMode runs effects twice, and a token opens one
  // socket.
  async function start() {
    setProblem("");
    try {
      const socket = await getSocket();
      flushSync(() => setApi(socket));
      await realtime.connect();
      await realtime.resumeAudioCapture();
    } catch (error) {
      realtime.disconnect();
      setProblem(error instanceof Error ? error.message : String(error));
    }
  }

  return (
    <main>
      <button onClick={start} disabled={realtime.status.startsWith("connect")}>Start</button>
      <button onClick={realtime.disconnect}>Stop</button>
      <p role="status">{realtime.status}</p>
      {problem && <p role="alert">{problem}</p>}
      <ol>
        {realtime.messages.map(({ id, role, parts }) => (
          <li key={id}>{role}: {parts.map((part) => (part.type === "text" ? part.text : ""))}</li>
        ))}
      </ol>
    </main>
  );
}
