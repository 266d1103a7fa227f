// Each provider on the page: how its form maps to a token request, and what its tokens can be used
// for.

import * as assemblyai from "./assemblyai.js";
import * as cartesia from "./cartesia.js";
import * as elevenlabs from "./elevenlabs.js";

export const PROVIDERS = {
  cartesia: {
    ...cartesia,
    label: "Cartesia",
    note: "Valid for many connections until it expires.",
    ask: (form) => ({ grants: allTrue(form.getAll("grants")), expires_in: number(form.get("expires_in")) }),
    modes: () => ["speak", "listen"],
  },
  elevenlabs: {
    ...elevenlabs,
    label: "ElevenLabs",
    note: "Valid for one connection within 15 minutes.",
    ask: (form) => ({ token_type: form.get("token_type") }),
    modes: (ask) => [ask.token_type === "tts_websocket" ? "speak" : "listen"],
  },
  assemblyai: {
    ...assemblyai,
    label: "AssemblyAI",
    note: "Valid for one session, which may last longer than the token.",
    ask: (form) => ({ expires_in_seconds: number(form.get("expires_in_seconds")) }),
    modes: () => ["listen"],
  },
};

function allTrue(names) {
  return Object.fromEntries(names.map((name) => [name, true]));
}

/** An empty field is not sent. */
function number(text) {
  return text === "" ? undefined : Number(text);
}
