// Sound out: 16-bit samples as providers send them, played without gaps. Sound in is in capture.js.

/** Bytes out of base64. */
export function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** Base64 out of samples. A piece of a tenth of a second is short enough for one call. */
export function toBase64(samples) {
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  return btoa(String.fromCharCode(...bytes));
}

/**
 * A player of pieces that come one by one. Make it while a click is being handled: browsers let no page sound unasked.
 * `analyser` hears what is played; `seconds()` says how much that is.
 */
export function createPlayer(sampleRate) {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 512 });
  analyser.connect(context.destination);
  let end = 0; // of what is scheduled, on the context's clock
  let seconds = 0;

  function play(bytes) {
    const samples = new Int16Array(bytes.buffer, 0, bytes.length >> 1);
    if (samples.length === 0) return;
    const buffer = new AudioBuffer({ length: samples.length, sampleRate });
    buffer.copyToChannel(Float32Array.from(samples, (sample) => sample / 32768), 0);
    const source = new AudioBufferSourceNode(context, { buffer });
    source.connect(analyser);
    // A little ahead, so that a piece that comes late leaves no gap.
    end = Math.max(end, context.currentTime + 0.05);
    source.start(end);
    end += buffer.duration;
    seconds += buffer.duration;
  }

  /** Waits until all has been heard. */
  async function finish(signal) {
    const left = end - context.currentTime;
    await new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, Math.max(0, left) * 1000);
      signal?.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
    });
  }

  return { analyser, play, finish, seconds: () => seconds, close: () => context.close() };
}
