// Shared WebSocket code of all providers.

/** Opens a socket to the host that minted the token: some providers accept a token only there. */
export function open(baseUrl, path, query) {
  const url = new URL(baseUrl.replace("http", "ws") + path);
  url.search = new URLSearchParams(query);
  return new WebSocket(url);
}

/**
 * Calls `opened` when the socket is open, and passes each message to `read` until that returns
 * true. Rejects if one of them fails or the socket closes earlier.
 */
export async function conversation(socket, { opened, read, signal }) {
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
      if (opened) socket.addEventListener("open", () => handle(opened));
      socket.addEventListener("message", ({ data }) => handle(() => read(JSON.parse(data))));
      socket.addEventListener("close", (event) => reject(new Error(describeClose(event))));
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  } finally {
    socket.close();
  }
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
