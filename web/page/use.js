// Uses a token: speaks a text, or transcribes speech.

import { fromMicrophone, fromSample } from "./capture.js";
import { createPlayer } from "./playback.js";
import { drawWaveform } from "./waveform.js";

/** Plays the speech of a text while it arrives. */
export async function speakText({ speak, rates, getToken, text, canvas, setProgress, signal }) {
  const player = createPlayer(rates.output);
  const stopDrawing = drawWaveform(canvas, player.analyser);
  try {
    setProgress("Getting a token …");
    const token = await getToken();
    setProgress("Connecting …");
    const started = performance.now();
    let wait;
    await speak(token, text, (audio, rate) => {
      wait ??= Math.round(performance.now() - started);
      player.play(audio, rate);
      setProgress("Speaking …");
    }, signal);
    await player.finish(signal);
    setProgress(`${player.seconds().toFixed(1)} s of audio. The first audio arrived ${wait} ms after the start of the connection.`);
  } finally {
    stopDrawing();
    player.close();
  }
}

/**
 * Transcribes the microphone or an audio file with `listen`. `onStop` receives a function that ends
 * the audio; the end of the transcript arrives after that.
 */
export async function transcribe({ listen, rates, getToken, file, canvas, setProgress, onText, onStop, signal }) {
  const audio = await (file ? fromSample(file, rates.input) : fromMicrophone(rates.input));
  const stopDrawing = drawWaveform(canvas, audio.analyser);
  const finals = [];
  try {
    setProgress("Getting a token …");
    // The token is requested after the microphone permission, so that it does not expire meanwhile.
    const token = await getToken();
    onStop(audio.stop);
    setProgress("Connecting …");
    const chunks = callOnStart(audio.chunks, () => setProgress(file ? "Playing the sample …" : "Listening. Speak now."));
    await listen(token, chunks, (text, final) => {
      const latest = text.trim();
      onText([...finals, latest].join(" "));
      if (final && latest) finals.push(latest);
    }, signal);
    setProgress(finals.length ? "Done." : "Done. No speech was recognized.");
  } finally {
    stopDrawing();
    audio.close();
  }
}

async function* callOnStart(chunks, callback) {
  callback();
  yield* chunks;
}
