// The token that the page shows, as a source of sockets. It has one token only: the source of the
// client would mint another one if this one is refused.

/** A source for the functions that speak, listen and converse. */
export function sourceOf({ connect = {} }) {
  return { has: (name) => name in connect, connect: (name, options) => open(connect[name], options) };
}

/** Opens an entry of `connect`. The promise resolves before the first message arrives. */
async function open(entry, { query = {}, signal } = {}) {
  signal?.throwIfAborted();
  if (!entry) throw new Error("The token does not open this: it has no such entry in connect.");
  const socket = new WebSocket(withQuery(entry.url, query), entry.protocols);
  socket.binaryType = "arraybuffer";
  const over = new AbortController();
  const once = (target, name, listener) => target?.addEventListener(name, listener, { signal: over.signal });
  try {
    await new Promise((resolve, reject) => {
      once(socket, "open", resolve);
      once(socket, "close", ({ code, reason }) => reject(new Error(reason ? `${reason} (${code})` : FAILED)));
      once(signal, "abort", () => reject(signal.reason));
    });
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  } finally {
    over.abort();
  }
}

/** A rejected handshake has no reason: browsers hide the response from pages. */
const FAILED = "The connection failed; browsers do not say why. The token may have expired, or may not grant this.";

/**
 * Fills the names in braces, and appends the others. The text of the URL stays as it is: it is
 * signed by some providers, which another encoding would invalidate.
 */
function withQuery(url, query) {
  const parameters = new URLSearchParams();
  let filled = url;
  for (const [name, value] of Object.entries(query)) {
    if (filled.includes(`{${name}}`)) filled = filled.replace(`{${name}}`, encodeURIComponent(value));
    else if (value !== undefined) parameters.append(name, value);
  }
  const added = String(parameters);
  return added ? `${filled}${url.includes("?") ? "&" : "?"}${added}` : filled;
}
