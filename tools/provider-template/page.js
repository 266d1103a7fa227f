// Acme Voice on the page of `make dev`: the fields of its token request, and what a token can be
// used for.
//
// Export `speak` if Acme Voice reads text aloud, `listen` if it transcribes, and `converse` if
// it answers speech with speech. If the page can do none of them, export `usage`, a sentence
// that says how the token is used. The functions stand in client.js, with their types in
// client.d.ts, because apps use them too: `export { listen, speak } from "./client.js";`. Then
// `client()` of the stand-in returns `Some(include_str!("../../client.js"))`. Those of the other
// providers show how a socket is opened and read:
//
//   speak(source, text, { onAudio, signal, ...parameters })
//   listen(source, audio, { onText, signal, ...parameters })
//   converse(source, audio, { onUser, onAgent, onAudio, onInterrupt, signal, ...parameters })
//
// `await source.connect(name, { query, signal })` opens a socket of `connect`. `audio` yields
// 16-bit samples, 100 ms at a time. `onText`, `onUser` and `onAgent` receive the text of a turn
// so far, and whether it is final. `onAudio` receives the bytes of 16-bit samples and their
// sample rate, and `onInterrupt` drops those that have not been played. The page sends 16000
// samples per second and expects 24000; export `rates = { input, output }` for others, or a
// function of the token request that returns them. `modes`, a function of the token request too,
// names what a token can be used for if that depends on it.

import { number } from "../../web/page/fields.js";

export const note = "Valid until it expires.";

// Fields with options have the type "checkbox" or "radio", and list the chosen ones. The options
// "profiles" are the profiles of the deployment.
export const fields = [{ name: "expires_in", label: "Seconds", type: "number", value: 60 }];

/** The token request of the page's form. */
export function ask(form) {
  return { expires_in: number(form.get("expires_in")) };
}

export const usage = "Use this token with a client of Acme Voice.";
