// Generated from web/playback.js by `make generate`. Do not edit.
"use strict";

// Plays 16-bit samples, as providers send them, without gaps. Sound is captured by microphone.js.

const { throwIfAborted } = require("./socket.cjs");

/**
 * Plays chunks as they arrive. Call it in a click handler: browsers block audio without a user
 * gesture. `analyser` receives the played audio, `seconds()` returns its duration, and `left()` the
 * duration that has not been played.
 */
function createPlayer(sampleRate) {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 512 });
  analyser.connect(context.destination);
  let end = 0; // of the scheduled audio, on the context's clock
  let seconds = 0;
  let closing; // the promise of close()
  let half = new Uint8Array(); // the first byte of a sample that the next chunk completes
  const playing = new Set();
  const waiting = new Set(); // wakes each call of finish()

  function play(bytes, rate = sampleRate) {
    if (closing) return;
    const whole = new Uint8Array(half.length + bytes.length);
    whole.set(half);
    whole.set(bytes, half.length);
    half = whole.slice(whole.length - (whole.length % 2));
    const samples = new Int16Array(whole.buffer, 0, whole.length >> 1);
    if (samples.length === 0) return;
    const buffer = new AudioBuffer({ length: samples.length, sampleRate: rate });
    buffer.copyToChannel(Float32Array.from(samples, (sample) => sample / 32768), 0);
    const source = new AudioBufferSourceNode(context, { buffer });
    source.connect(analyser);
    // Scheduled slightly in the future, so that a late chunk leaves no gap.
    end = Math.max(end, context.currentTime + 0.05);
    source.start(end);
    playing.add(source);
    source.onended = () => playing.delete(source);
    end += buffer.duration;
    seconds += buffer.duration;
  }

  const left = () => Math.max(0, end - context.currentTime);
  const wakeAll = () => waiting.forEach((wake) => wake());

  /** Drops what has not been played, because the user interrupts. */
  function stop() {
    seconds -= left();
    end = 0;
    half = new Uint8Array();
    for (const source of playing) source.stop();
    playing.clear();
    wakeAll();
  }

  /** Waits until all audio has been played. */
  async function finish(signal) {
    let wake = () => {};
    const wakeUp = () => wake();
    waiting.add(wakeUp);
    signal?.addEventListener("abort", wakeUp);
    try {
      throwIfAborted(signal);
      // More may arrive meanwhile, and a device may start late.
      while (left() > 0) {
        let timer;
        await new Promise((resolve) => {
          wake = resolve;
          timer = setTimeout(resolve, left() * 1000);
        });
        clearTimeout(timer);
        throwIfAborted(signal);
      }
    } finally {
      waiting.delete(wakeUp);
      signal?.removeEventListener("abort", wakeUp);
    }
  }

  /** Ends the sound and releases the audio device. */
  async function close() {
    end = 0; // the clock of a closed device stands still
    wakeAll();
    await (closing ??= context.close()); // a second close() of a context is an error
  }

  return { analyser, play, stop, finish, left, seconds: () => seconds, close };
}

module.exports = { createPlayer };
