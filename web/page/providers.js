// What the page knows of each provider: how its form becomes what is asked, and what its tokens are good for.

import * as assemblyai from "./assemblyai.js";
import * as cartesia from "./cartesia.js";
import * as elevenlabs from "./elevenlabs.js";

export const PROVIDERS = {
  cartesia: {
    ...cartesia,
    label: "Cartesia",
    note: "Good for many connections, until it expires.",
    ask: (form) => ({ grants: allTrue(form.getAll("grants")), expires_in: number(form.get("expires_in")) }),
    ways: () => ["speak", "listen"],
  },
  elevenlabs: {
    ...elevenlabs,
    label: "ElevenLabs",
    note: "Good for one connection, within 15 minutes.",
    ask: (form) => ({ token_type: form.get("token_type") }),
    ways: (ask) => [ask.token_type === "tts_websocket" ? "speak" : "listen"],
  },
  assemblyai: {
    ...assemblyai,
    label: "AssemblyAI",
    note: "Good for one session, which may last longer than the token.",
    ask: (form) => ({ expires_in_seconds: number(form.get("expires_in_seconds")) }),
    ways: () => ["listen"],
  },
};

function allTrue(names) {
  return Object.fromEntries(names.map((name) => [name, true]));
}

/** A field that is left empty is not asked for. */
function number(text) {
  return text === "" ? undefined : Number(text);
}
