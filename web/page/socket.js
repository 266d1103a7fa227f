// What the sockets of all providers have in common.

/** Opens a socket at the host that minted the token: some providers take a token nowhere else. */
export function open(baseUrl, path, query) {
  const url = new URL(baseUrl.replace("http", "ws") + path);
  url.search = new URLSearchParams(query);
  return new WebSocket(url);
}

/** Hands each message to `read` until it gives true. Rejects when it throws, or the socket closes before. */
export async function conversation(socket, read, signal) {
  try {
    signal?.throwIfAborted();
    await new Promise((resolve, reject) => {
      socket.addEventListener("message", ({ data }) => {
        try {
          if (read(JSON.parse(data))) resolve();
        } catch (error) {
          reject(error);
        }
      });
      socket.addEventListener("close", (event) => reject(new Error(inWords(event))));
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  } finally {
    socket.close();
  }
}

/** Why a socket closed. A handshake that is refused has no reason: browsers keep the answer from pages. */
function inWords({ code, reason }) {
  if (reason) return `${reason} (${code})`;
  if (code === 1006) return "The connection was refused, or it broke; browsers tell no more. The token may have expired, or not grant this.";
  return `The provider closed the connection (${code}).`;
}
