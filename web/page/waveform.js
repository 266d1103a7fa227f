// Draws the waveform of what is captured or played.

/**
 * Draws the loudest of the waveforms of AnalyserNodes, unless the user prefers reduced motion.
 * Returns a function that stops it.
 */
export function drawWaveform(canvas, ...analysers) {
  const pen = canvas.getContext("2d");
  const samples = new Uint8Array(analysers[0].fftSize);
  let frame;

  function draw() {
    frame = requestAnimationFrame(draw);
    const { width, height } = canvas;
    const bars = 64;
    const loudest = new Uint8Array(bars);
    const perBar = Math.floor(samples.length / bars);
    for (const analyser of analysers) {
      analyser.getByteTimeDomainData(samples);
      for (let bar = 0; bar < bars; bar += 1) {
        const own = samples.subarray(bar * perBar, (bar + 1) * perBar).map((sample) => Math.abs(sample - 128));
        loudest[bar] = Math.max(loudest[bar], ...own);
      }
    }
    pen.clearRect(0, 0, width, height);
    pen.fillStyle = getComputedStyle(canvas).color;
    for (let bar = 0; bar < bars; bar += 1) {
      // The square root makes quiet audio visible.
      const barHeight = Math.max(4, Math.sqrt(loudest[bar] / 128) * height);
      pen.fillRect((bar + 0.25) * (width / bars), (height - barHeight) / 2, width / bars / 2, barHeight);
    }
  }

  canvas.hidden = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (!canvas.hidden) draw();
  return () => {
    cancelAnimationFrame(frame);
    canvas.hidden = true;
  };
}
