// Draws what an AnalyserNode hears, for those who like things to move. Gives a function that ends it.

export function drawSound(canvas, analyser) {
  const pen = canvas.getContext("2d");
  const samples = new Uint8Array(analyser.fftSize);
  let frame;

  function draw() {
    frame = requestAnimationFrame(draw);
    analyser.getByteTimeDomainData(samples);
    const { width, height } = canvas;
    const bars = 64;
    const each = Math.floor(samples.length / bars);
    pen.clearRect(0, 0, width, height);
    pen.fillStyle = getComputedStyle(canvas).color;
    for (let bar = 0; bar < bars; bar += 1) {
      const loudest = Math.max(...samples.subarray(bar * each, (bar + 1) * each).map((sample) => Math.abs(sample - 128)));
      // The root lets soft sounds be seen too.
      const tall = Math.max(4, Math.sqrt(loudest / 128) * height);
      pen.fillRect((bar + 0.25) * (width / bars), (height - tall) / 2, width / bars / 2, tall);
    }
  }

  canvas.hidden = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (!canvas.hidden) draw();
  return () => {
    cancelAnimationFrame(frame);
    canvas.hidden = true;
  };
}
