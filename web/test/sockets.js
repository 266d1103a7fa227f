// Scripted sockets that replace WebSocket.

/**
 * A class of sockets that open or fail as the outcomes say, in order; the last one is repeated. An
 * outcome is `"open"`, the close code of a failed handshake, `"error"` for a failure without a
 * close event, or a function that gets the socket.
 */
export function socketClass(...outcomes) {
  const opened = [];
  class Socket {
    constructor(url, protocols) {
      Object.assign(this, { url, protocols, isClosed: false });
      const outcome = outcomes.length > 1 ? outcomes.shift() : outcomes[0];
      opened.push(this);
      if (typeof outcome === "function") outcome(this);
      else setImmediate(() => this.settle(outcome));
    }

    settle(outcome) {
      if (this.isClosed) return;
      if (outcome === "open") return void this.onopen?.({ type: "open" });
      this.onerror?.({ type: "error" });
      if (outcome !== "error") this.onclose?.({ type: "close", code: outcome });
    }

    close() {
      this.isClosed = true;
    }
  }
  return { Socket, opened };
}

/** A signal like those of the platform, which counts its listeners. */
export function countedController() {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set();
  const [add, remove] = [signal.addEventListener, signal.removeEventListener];
  Object.assign(signal, {
    addEventListener(type, listener) {
      listeners.add(listener);
      add.call(signal, type, listener);
    },
    removeEventListener(type, listener) {
      listeners.delete(listener);
      remove.call(signal, type, listener);
    },
  });
  return { controller, signal, listeners };
}
