// Captures what a node of Web Audio plays, in the format that providers accept.

import { WORKLET } from "./worklet-text.js";

/**
 * An iterable of 16-bit samples at `rate`, 100 ms each. Capturing starts when the first chunk is
 * requested, which is when the provider is ready. The chunks end after `stop()`, and immediately
 * after `close()`, which releases the device. So does the end of the iteration, even before the
 * first chunk or while one is awaited.
 */
export async function capture(context, source, rate, { start, release, worklet }) {
  await loadWorklet(context, worklet);
  const node = new AudioWorkletNode(context, "capture", { processorOptions: { rate } });
  const analyser = new AnalyserNode(context, { fftSize: 512 });
  source.connect(analyser);
  const queue = [];
  let isClosed = false;
  let wake = () => {};
  node.port.onmessage = ({ data }) => {
    queue.push(data);
    wake();
  };

  function close() {
    if (isClosed) return; // a second close() of a context is an error
    isClosed = true;
    release();
    queue.splice(0, queue.length, null); // ends a pending read
    wake();
    context.close();
  }

  async function* read() {
    try {
      // A closed context does not resume.
      if (!isClosed) await Promise.race([context.resume(), new Promise((resolve) => { wake = resolve; })]);
      if (isClosed) return;
      // Browsers do not run nodes without a destination. The output of the worklet is silent.
      source.connect(node).connect(context.destination);
      start();
      for (;;) {
        while (queue.length === 0) await new Promise((resolve) => { wake = resolve; });
        const chunk = queue.shift();
        if (!chunk) return;
        yield chunk;
      }
    } finally {
      close();
    }
  }

  const generator = read();
  const chunks = {
    next: () => generator.next(),
    // A generator's own return() runs no `finally` before the first chunk, and waits for a pending one.
    return: () => {
      close();
      return generator.return();
    },
    [Symbol.asyncIterator]: () => chunks,
  };
  return { analyser, stop: () => node.port.postMessage("stop"), close, [Symbol.asyncIterator]: () => chunks };
}

/**
 * Loads the worklet from its text, so that every bundler finds it, or from a URL of the page.
 * Browsers report a refusal as an AbortError without its cause.
 */
async function loadWorklet(context, worklet) {
  const url = worklet ?? URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" }));
  try {
    await context.audioWorklet.addModule(url);
  } catch (cause) {
    const advice = worklet
      ? "Check that the option worklet is the URL of worklet.js, and that script-src permits it."
      : "If script-src does not permit blob:, pass the URL of the package's worklet.js as the option worklet.";
    throw Object.assign(new Error(`The browser did not load the audio worklet. ${advice}`), { cause });
  } finally {
    if (!worklet) URL.revokeObjectURL(url);
  }
}
