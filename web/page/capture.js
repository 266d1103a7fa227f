// Audio input from the microphone or from a sample, in the format that providers accept.

const WORKLET = new URL("capture-worklet.js", import.meta.url);

/**
 * Captures the microphone, without what the page plays. Call it in a click handler: it asks for
 * permission.
 */
export async function fromMicrophone(rate) {
  const context = new AudioContext();
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: true } });
    const source = new MediaStreamAudioSourceNode(context, { mediaStream: stream });
    return await capture(context, source, rate, {
      start: () => {},
      close: () => stream.getTracks().forEach((track) => track.stop()),
    });
  } catch (error) {
    context.close();
    throw error;
  }
}

/** Captures an audio file, which is also played. */
export async function fromSample(url, rate) {
  const context = new AudioContext();
  try {
    const file = await (await fetch(url)).arrayBuffer();
    const source = new AudioBufferSourceNode(context, { buffer: await context.decodeAudioData(file) });
    source.connect(context.destination);
    const audio = await capture(context, source, rate, { start: () => source.start(), close: () => {} });
    source.onended = audio.stop;
    return audio;
  } catch (error) {
    context.close();
    throw error;
  }
}

/**
 * `chunks` are 16-bit samples at `rate`, 100 ms each. Capturing starts when the first chunk is
 * requested, which is when the provider is ready. The chunks end after `stop()`, and immediately
 * after `close()`, which releases the device.
 */
async function capture(context, source, rate, { start, close }) {
  await context.audioWorklet.addModule(WORKLET);
  const worklet = new AudioWorkletNode(context, "capture", { processorOptions: { rate } });
  const analyser = new AnalyserNode(context, { fftSize: 512 });
  source.connect(analyser);
  const queue = [];
  let wake = () => {};
  worklet.port.onmessage = ({ data }) => {
    queue.push(data);
    wake();
  };

  async function* chunks() {
    await context.resume();
    // Browsers do not run nodes without a destination. The output of the worklet is silent.
    source.connect(worklet).connect(context.destination);
    start();
    for (;;) {
      while (queue.length === 0) await new Promise((resolve) => { wake = resolve; });
      const chunk = queue.shift();
      if (!chunk) return;
      yield chunk;
    }
  }

  return {
    analyser,
    chunks: chunks(),
    stop: () => worklet.port.postMessage("stop"),
    close: () => {
      close();
      queue.splice(0, Infinity, null); // ends a pending read
      wake();
      if (context.state !== "closed") context.close();
    },
  };
}
