// Acme Voice on the page of `make dev`: the fields of its token request, and what a token can be
// used for.
//
// Export `speak` if Acme Voice reads text aloud, `listen` if it transcribes, and `converse` if it
// answers speech with speech. If the page can do none of them, export `usage`, a sentence that says
// how the token is used. The modules of the other providers show how a socket is opened and read:
//
//   speak(token, text, onAudio, signal)
//   listen(token, audio, onText, signal)
//   converse(token, audio, { onUser, onAgent, onAudio, onInterrupt }, signal)
//
// `token` is the endpoint's response, and `open(token.connect.<name>, parameters)` opens its socket.
// `audio` yields 16-bit samples, 100 ms at a time. `onText`, `onUser` and `onAgent` receive the text
// of a turn so far, and whether it is final. `onAudio` receives the bytes of 16-bit samples, and
// `onInterrupt` drops those that have not been played. The sample rates are 16000 for `audio` and
// 24000 for `onAudio`; export `rates = { input, output }` for others, or a function of the token
// request that returns them. `modes`, a function of the token request too, names what a token can be
// used for if that depends on it.

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
