// Shared WebSocket code of all providers.

/**
 * Opens an entry of a response's `connect`, with further parameters of the provider. The text of the
 * URL stays as it is: it is signed by some providers, which another encoding would invalidate.
 */
export function open(entry, parameters = {}) {
  if (!entry) throw new Error("The token does not open this: it has no such entry in connect.");
  const { url, protocols } = entry;
  const query = String(new URLSearchParams(parameters));
  const separator = url.includes("?") ? "&" : "?";
  const socket = new WebSocket(query ? url + separator + query : url, protocols);
  socket.binaryType = "arraybuffer";
  return socket;
}

/**
 * Calls `opened` when the socket is open, and passes each message to `read` until that returns
 * true. Rejects if one of them fails or the socket closes earlier. `read` receives a text message as
 * parsed JSON, and a binary message as a `Uint8Array`.
 */
export async function conversation(socket, { opened, read, signal }) {
  const over = new AbortController();
  const listen = (name, listener) => socket.addEventListener(name, listener, { signal: over.signal });
  try {
    signal?.throwIfAborted();
    await new Promise((resolve, reject) => {
      const handle = async (work) => {
        try {
          if (await work()) resolve();
        } catch (error) {
          reject(error);
        }
      };
      if (opened) listen("open", () => handle(opened));
      listen("message", ({ data }) => handle(() => read(received(data))));
      listen("close", (event) => reject(new Error(describeClose(event))));
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  } finally {
    over.abort(); // a closing socket may still receive messages
    socket.close();
  }
}

/** A message as JSON, from providers that also send JSON in binary messages. */
export function parseJson(message) {
  return message instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(message)) : message;
}

function received(data) {
  return typeof data === "string" ? JSON.parse(data) : new Uint8Array(data);
}

/**
 * Sends a message unless the socket is closing: the message would be lost, and browsers would log
 * an error.
 */
export function send(socket, message) {
  if (socket.readyState === WebSocket.OPEN) socket.send(message);
}

/** Sends each chunk of `audio` with `sendChunk`, until the socket closes. */
export async function sendAudio(socket, audio, sendChunk = (chunk) => send(socket, chunk)) {
  for await (const chunk of audio) {
    if (socket.readyState !== WebSocket.OPEN) return;
    sendChunk(chunk);
  }
}

/**
 * Why a socket closed. A rejected handshake has no reason: browsers hide the response from pages.
 */
function describeClose({ code, reason }) {
  if (reason) return `${reason} (${code})`;
  if (code === 1006) return "The connection failed; browsers do not say why. The token may have expired, or may not grant this.";
  return `The provider closed the connection (${code}).`;
}
