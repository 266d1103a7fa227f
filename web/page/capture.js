// Sound in: from the microphone, or from a sample where there is none, as providers take it.

const WORKLET = new URL("capture-worklet.js", import.meta.url);

/** The microphone. Call it while a click is being handled: it asks for permission. */
export async function fromMicrophone() {
  const context = new AudioContext();
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
    const source = new MediaStreamAudioSourceNode(context, { mediaStream: stream });
    return await capture(context, source, {
      start: () => {},
      close: () => stream.getTracks().forEach((track) => track.stop()),
    });
  } catch (error) {
    context.close();
    throw error;
  }
}

/** A file of sound, which is heard as it is sent. */
export async function fromSample(url) {
  const context = new AudioContext();
  try {
    const file = await (await fetch(url)).arrayBuffer();
    const source = new AudioBufferSourceNode(context, { buffer: await context.decodeAudioData(file) });
    source.connect(context.destination);
    const sound = await capture(context, source, { start: () => source.start(), close: () => {} });
    source.onended = sound.stop;
    return sound;
  } catch (error) {
    context.close();
    throw error;
  }
}

/**
 * `pieces` are 16-bit samples, 16,000 a second, a tenth of a second each. They begin when the first one is asked for: once the
 * provider listens. They end after `stop()`, and at once after `close()`,
 * which lets go of the device.
 */
async function capture(context, source, { start, close }) {
  await context.audioWorklet.addModule(WORKLET);
  const worklet = new AudioWorkletNode(context, "capture");
  const analyser = new AnalyserNode(context, { fftSize: 512 });
  source.connect(analyser);
  const queue = [];
  let wake = () => {};
  worklet.port.onmessage = ({ data }) => {
    queue.push(data);
    wake();
  };

  async function* pieces() {
    await context.resume();
    // What leads nowhere is not computed; the worklet itself gives silence.
    source.connect(worklet).connect(context.destination);
    start();
    for (;;) {
      while (queue.length === 0) await new Promise((resolve) => { wake = resolve; });
      const piece = queue.shift();
      if (!piece) return;
      yield piece;
    }
  }

  return {
    analyser,
    pieces: pieces(),
    stop: () => worklet.port.postMessage("stop"),
    close: () => {
      close();
      queue.splice(0, Infinity, null); // nobody waits for a piece that will not come
      wake();
      if (context.state !== "closed") context.close();
    },
  };
}
