// Runs on the browser's audio thread: resamples the input to 16-bit samples at the rate of its
// options and posts them in chunks of 100 ms. capture.js loads its text, or this file: a strict
// Content-Security-Policy allows no script from a string.

registerProcessor("capture", class extends AudioWorkletProcessor {
  filled = 0;
  sum = 0;
  count = 0;
  phase = 0;
  stopped = false;

  constructor({ processorOptions: { rate } }) {
    super();
    this.rate = rate;
    this.chunk = new Int16Array(rate / 10);
    this.port.onmessage = () => { this.stopped = true; };
  }

  process([[input = []]]) {
    // Averaging the input samples of each output sample reduces aliasing.
    for (const sample of input) {
      this.sum += sample;
      this.count += 1;
      this.phase += this.rate / sampleRate;
      if (this.phase < 1) continue;
      const mean = this.sum / this.count;
      for (; this.phase >= 1; this.phase -= 1) this.put(mean);
      this.sum = this.count = 0;
    }
    if (!this.stopped) return true;
    // The rest of the last chunk is silence: AssemblyAI rejects very short chunks.
    this.send();
    this.port.postMessage(null);
    return false;
  }

  put(sample) {
    this.chunk[this.filled] = Math.max(-1, Math.min(1, sample)) * 32767;
    this.filled += 1;
    if (this.filled === this.chunk.length) this.send();
  }

  send() {
    const { length } = this.chunk;
    this.port.postMessage(this.chunk, [this.chunk.buffer]);
    this.chunk = new Int16Array(length);
    this.filled = 0;
  }
});
