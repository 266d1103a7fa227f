// Generated from web/socket.js by `make generate`. Do not edit.
"use strict";

// What the providers' modules share: reading a socket until an exchange is complete, and sending
// audio.
//
// Like voicemint.js, it does not use what React Native lacks: AbortSignal.prototype.throwIfAborted
// and reason, and the option `signal` of addEventListener.

/** The default of a callback. */
function ignore() {}

/**
 * Opens the socket of an exchange that sends `audio`, an iterable of chunks. Returns the socket, and
 * the iterator, for `sendAudio` and `conversation`. The iterator ends if no socket opens.
 */
async function openFor(audio, source, name, options) {
  const chunks = (audio[Symbol.asyncIterator] ?? audio[Symbol.iterator]).call(audio);
  try {
    return [await source.connect(name, options), chunks];
  } catch (error) {
    end(chunks);
    throw error;
  }
}

/**
 * Ends an iterator, so that its device is released, without waiting for it: a generator may be busy
 * with a chunk. What ended the exchange is of interest, not whether this fails.
 */
async function end(chunks) {
  try {
    await chunks?.return?.();
  } catch {
    // see above
  }
}

/**
 * Reads an open socket: calls `opened`, and passes each message to `read` until that returns true.
 * Rejects if one of them fails or the socket closes earlier, unless it `endsWith` that close code.
 * `read` receives a text message as parsed JSON, and a binary message as a `Uint8Array`. In the end,
 * also after an error, `closing` is called, the socket is closed, and the iterator `chunks` of the
 * audio that is sent ends.
 */
async function conversation(socket, { opened = ignore, read, endsWith, closing = ignore, chunks, signal }) {
  const stops = [];
  const on = (target, name, listener) => {
    target.addEventListener(name, listener);
    stops.push(() => target.removeEventListener(name, listener));
  };
  // The event close follows. Without a listener, an error of the package ws ends the process, also
  // while the socket closes: so this one stays.
  socket.addEventListener("error", ignore);
  try {
    throwIfAborted(signal);
    await new Promise((resolve, reject) => {
      const handle = async (work) => {
        try {
          if (await work()) resolve();
        } catch (error) {
          reject(error);
        }
      };
      on(socket, "message", ({ data }) => handle(() => read(received(data))));
      on(socket, "close", (event) => {
        if (event.code === endsWith) resolve();
        else reject(new Error(describeClose(event)));
      });
      if (signal) on(signal, "abort", () => reject(reasonOf(signal)));
      handle(opened);
    });
  } finally {
    stops.forEach((stop) => stop()); // a closing socket may still receive messages
    closing();
    socket.close();
    end(chunks);
  }
}

/** A message as JSON, from providers that also send JSON in binary messages. */
function parseJson(message) {
  return message instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(message)) : message;
}

function received(data) {
  return typeof data === "string" ? JSON.parse(data) : new Uint8Array(data);
}

/** Whether a socket is open. The global WebSocket may not be the socket's class. */
function isOpen(socket) {
  return socket.readyState === 1;
}

/**
 * Sends a message unless the socket is closing: the message would be lost, and browsers would log
 * an error.
 */
function send(socket, message) {
  if (isOpen(socket)) socket.send(message);
}

/** Sends an object as JSON. */
function sendJson(socket, message) {
  send(socket, JSON.stringify(message));
}

/** Sends each of the `chunks` with `sendChunk`, until the socket closes. */
async function sendAudio(socket, chunks, sendChunk = (chunk) => send(socket, chunk)) {
  for (;;) {
    const { done, value } = await chunks.next();
    if (done || !isOpen(socket)) return;
    sendChunk(value);
  }
}

function describeClose({ code, reason }) {
  if (reason) return `${reason} (${code})`;
  if (code === 1006) return "The connection to the provider broke (1006).";
  return `The provider closed the connection (${code}).`;
}

function throwIfAborted(signal) {
  if (signal?.aborted) throw reasonOf(signal);
}

function reasonOf(signal) {
  return signal.reason ?? Object.assign(new Error("The call was aborted."), { name: "AbortError" });
}

module.exports = { ignore, openFor, conversation, parseJson, send, sendJson, sendAudio, throwIfAborted };
