// Generated from web/worklet-text.js by `make generate`. Do not edit.
"use strict";

const WORKLET = "registerProcessor(\"capture\", class extends AudioWorkletProcessor {\nfilled = 0;\nsum = 0;\ncount = 0;\nphase = 0;\nstopped = false;\nconstructor({ processorOptions: { rate } }) {\nsuper();\nthis.rate = rate;\nthis.chunk = new Int16Array(rate / 10);\nthis.port.onmessage = () => { this.stopped = true; };\n}\nprocess([[input = []]]) {\nfor (const sample of input) {\nthis.sum += sample;\nthis.count += 1;\nthis.phase += this.rate / sampleRate;\nif (this.phase < 1) continue;\nconst mean = this.sum / this.count;\nfor (; this.phase >= 1; this.phase -= 1) this.put(mean);\nthis.sum = this.count = 0;\n}\nif (!this.stopped) return true;\nthis.send();\nthis.port.postMessage(null);\nreturn false;\n}\nput(sample) {\nthis.chunk[this.filled] = Math.max(-1, Math.min(1, sample)) * 32767;\nthis.filled += 1;\nif (this.filled === this.chunk.length) this.send();\n}\nsend() {\nconst { length } = this.chunk;\nthis.port.postMessage(this.chunk, [this.chunk.buffer]);\nthis.chunk = new Int16Array(length);\nthis.filled = 0;\n}\n});";

module.exports = { WORKLET };
