// Runs on the browser's audio thread: turns what is heard into 16-bit samples, 16,000 a second, and hands them on by the tenth of
// a second. A file of its own, as a strict Content-Security-Policy lets no script come out of a text.

const RATE = 16000;
const PIECE = RATE / 10;

registerProcessor("capture", class extends AudioWorkletProcessor {
  piece = new Int16Array(PIECE);
  filled = 0;
  sum = 0;
  count = 0;
  phase = 0;
  stopped = false;

  constructor() {
    super();
    this.port.onmessage = () => { this.stopped = true; };
  }

  process([[heard = []]]) {
    // The mean of the samples that one stands for keeps most of the tones away that it cannot hold.
    for (const sample of heard) {
      this.sum += sample;
      this.count += 1;
      this.phase += RATE / sampleRate;
      if (this.phase < 1) continue;
      const mean = this.sum / this.count;
      for (; this.phase >= 1; this.phase -= 1) this.put(mean);
      this.sum = this.count = 0;
    }
    if (!this.stopped) return true;
    // The rest of the last piece is silence: AssemblyAI takes no very short ones.
    this.send();
    this.port.postMessage(null);
    return false;
  }

  put(sample) {
    this.piece[this.filled] = Math.max(-1, Math.min(1, sample)) * 32767;
    this.filled += 1;
    if (this.filled === PIECE) this.send();
  }

  send() {
    this.port.postMessage(this.piece, [this.piece.buffer]);
    this.piece = new Int16Array(PIECE);
    this.filled = 0;
  }
});
