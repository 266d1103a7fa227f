// What the sockets of all providers have in common.

/** Opens a socket at the host that minted the token: some providers take a token nowhere else. */
export function open(baseUrl, path, query) {
  const url = new URL(baseUrl.replace("http", "ws") + path);
  url.search = new URLSearchParams(query);
  return new WebSocket(url);
}

/**
 * Calls `opened` once the socket is open, and hands each message to `read` until that gives true. Rejects when one of them fails,
 * or the socket closes before.
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
      socket.addEventListener("close", (event) => reject(new Error(inWords(event))));
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  } finally {
    socket.close();
  }
}

/** Sends a message, unless the socket closes: it would be lost, and browsers write an error to the console. */
export function send(socket, message) {
  if (socket.readyState === WebSocket.OPEN) socket.send(message);
}

/** Sends each piece of a sound as `sendPiece` does, and no more once the socket closes. */
export async function sendSound(socket, sound, sendPiece = (piece) => send(socket, piece)) {
  for await (const piece of sound) {
    if (socket.readyState !== WebSocket.OPEN) return;
    sendPiece(piece);
  }
}

/** Why a socket closed. A handshake that is refused has no reason: browsers keep the answer from pages. */
function inWords({ code, reason }) {
  if (reason) return `${reason} (${code})`;
  if (code === 1006) return "The connection was refused, or it broke; browsers tell no more. The token may have expired, or not grant this.";
  return `The provider closed the connection (${code}).`;
}
