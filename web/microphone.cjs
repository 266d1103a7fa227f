// Generated from web/microphone.js by `make generate`. Do not edit.
"use strict";

// Captures the microphone. Sound is played by playback.js.

const { capture } = require("./capture.cjs");
const { throwIfAborted } = require("./socket.cjs");

/**
 * Captures the microphone, without what the page plays. Asks the user for permission. An abort of
 * `signal` releases the device at any time.
 */
async function fromMicrophone(rate, { signal, worklet } = {}) {
  throwIfAborted(signal);
  const context = new AudioContext();
  let stream;
  let microphone;
  const onAbort = () => {
    release();
    microphone?.close();
  };
  const release = () => {
    signal?.removeEventListener("abort", onAbort);
    for (const track of stream?.getTracks() ?? []) track.stop();
  };
  try {
    // A component that React's StrictMode mounts twice aborts before the user is asked.
    await undefined;
    throwIfAborted(signal);
    stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: true } });
    throwIfAborted(signal);
    signal?.addEventListener("abort", onAbort);
    const source = new MediaStreamAudioSourceNode(context, { mediaStream: stream });
    microphone = await capture(context, source, rate, { start: () => {}, release, worklet });
    throwIfAborted(signal);
    return microphone;
  } catch (error) {
    release();
    context.close();
    throw error;
  }
}

module.exports = { fromMicrophone };
