// Audio input from the microphone or from a sample.

import { capture } from "../capture.js";
import { fromMicrophone } from "../microphone.js";

/** The page's policy permits no script from a text. */
const WORKLET = new URL("../worklet.js", import.meta.url);

/** Captures an audio file, or the microphone if there is none. Call it in a click handler. */
export function openInput(file, rate) {
  return file ? fromSample(file, rate) : fromMicrophone(rate, { worklet: WORKLET });
}

/** Captures an audio file, which is also played. */
async function fromSample(url, rate) {
  const context = new AudioContext();
  try {
    const file = await (await fetch(url)).arrayBuffer();
    const source = new AudioBufferSourceNode(context, { buffer: await context.decodeAudioData(file) });
    source.connect(context.destination);
    const options = { start: () => source.start(), release: () => {}, worklet: WORKLET };
    const audio = await capture(context, source, rate, options);
    source.onended = audio.stop;
    return audio;
  } catch (error) {
    context.close();
    throw error;
  }
}
