// Draws the waveform of an AnalyserNode, unless the user prefers reduced motion. Returns a function
// that stops it.

export function drawWaveform(canvas, analyser) {
  const pen = canvas.getContext("2d");
  const samples = new Uint8Array(analyser.fftSize);
  let frame;

  function draw() {
    frame = requestAnimationFrame(draw);
    analyser.getByteTimeDomainData(samples);
    const { width, height } = canvas;
    const bars = 64;
    const perBar = Math.floor(samples.length / bars);
    pen.clearRect(0, 0, width, height);
    pen.fillStyle = getComputedStyle(canvas).color;
    for (let bar = 0; bar < bars; bar += 1) {
      const loudest = Math.max(...samples.subarray(bar * perBar, (bar + 1) * perBar).map((sample) => Math.abs(sample - 128)));
      // The square root makes quiet audio visible.
      const barHeight = Math.max(4, Math.sqrt(loudest / 128) * height);
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
