// Gemini Live with TanStack AI: a conversation in a React app. Copy it to src/App.tsx.

import type { RealtimeToken } from "@tanstack/ai";
import { geminiRealtime } from "@tanstack/ai-gemini";
import { useRealtimeChat } from "@tanstack/ai-react";
import { createTokenSource } from "voicemint";

const tokens = createTokenSource("/gemini/token", { ask: { profile: "default" } });

/**
 * A token as TanStack AI expects it. A minute before `expiresAt`, TanStack AI gets another token
 * and connects again. So it must be the end of the session: `expires_at`, until which a session can
 * be started, is a minute away. `config` is empty, because the token holds the profile.
 */
async function getToken(): Promise<RealtimeToken> {
  const { provider, token, expires_at, session_expires_at } = await tokens.getToken();
  return { provider, token, expiresAt: Date.parse(session_expires_at ?? expires_at), config: {} };
}

const adapter = geminiRealtime();

export default function App() {
  const chat = useRealtimeChat({ getToken, adapter });
  const { status, error, messages, pendingAssistantTranscript, connect, disconnect } = chat;

  return (
    <main>
      {/* connect() rejects with the error that the hook returns too. */}
      <button onClick={() => connect().catch(() => {})} disabled={status.startsWith("connect")}>
        Start
      </button>
      <button onClick={disconnect}>Stop</button>
      <p role="status">{status}</p>
      {error && <p role="alert">{error.message}</p>}
      <ol>
        {messages.map(({ id, role, parts }) => (
          <li key={id}>
            {role}: {parts.map((part) => (part.type === "text" ? part.content : ""))}
          </li>
        ))}
        {pendingAssistantTranscript && <li>assistant: {pendingAssistantTranscript}</li>}
      </ol>
    </main>
  );
}
