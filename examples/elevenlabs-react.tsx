// A conversation with an agent of ElevenLabs in a React app. Copy it to src/App.tsx.

import { ConversationProvider, useConversation } from "@elevenlabs/react";
import { useState } from "react";
import { createTokenSource } from "voicemint";

const tokens = createTokenSource("/elevenlabs-agents/token", {
  ask: { profile: "default", connection: "websocket" },
});

export default function App() {
  return <ConversationProvider><Conversation /></ConversationProvider>;
}

function Conversation() {
  const [lines, setLines] = useState<string[]>([]);
  const [problem, setProblem] = useState("");
  const { startSession, endSession, status } = useConversation({
    onMessage: ({ role, message }) => setLines((before) => [...before, `${role}: ${message}`]),
    onError: (message) => setProblem(message),
  });

  // A signed URL starts one conversation, so each click gets its own.
  async function start() {
    setProblem("");
    setLines([]);
    try {
      const { token } = await tokens.getToken();
      startSession({ signedUrl: token });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  }

  return (
    <main>
      <button onClick={start} disabled={status.startsWith("connect")}>Start</button>
      <button onClick={endSession}>Stop</button>
      <p role="status">{status}</p>
      {problem && <p role="alert">{problem}</p>}
      <ol>{lines.map((line, at) => <li key={at}>{line}</li>)}</ol>
    </main>
  );
}
