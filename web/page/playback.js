// Audio output: plays 16-bit samples, as providers send them, without gaps. Audio input is in
// capture.js.

/** Decodes base64. */
export function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** Encodes samples as base64. A chunk of 100 ms is short enough for one call. */
export function toBase64(samples) {
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  return btoa(String.fromCharCode(...bytes));
}

/**
 * Plays chunks as they arrive. Call it in a click handler: browsers block audio without a user
 * gesture. `analyser` receives the played audio, and `seconds()` returns its duration.
 */
export function createPlayer(sampleRate) {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 512 });
  analyser.connect(context.destination);
  let end = 0; // of the scheduled audio, on the context's clock
  let seconds = 0;

  function play(bytes) {
    const samples = new Int16Array(bytes.buffer, 0, bytes.length >> 1);
    if (samples.length === 0) return;
    const buffer = new AudioBuffer({ length: samples.length, sampleRate });
    buffer.copyToChannel(Float32Array.from(samples, (sample) => sample / 32768), 0);
    const source = new AudioBufferSourceNode(context, { buffer });
    source.connect(analyser);
    // Scheduled slightly in the future, so that a late chunk leaves no gap.
    end = Math.max(end, context.currentTime + 0.05);
    source.start(end);
    end += buffer.duration;
    seconds += buffer.duration;
  }

  /** Waits until all audio has been played. */
  async function finish(signal) {
    const left = end - context.currentTime;
    await new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, Math.max(0, left) * 1000);
      signal?.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
    });
  }

  return { analyser, play, finish, seconds: () => seconds, close: () => context.close() };
}
