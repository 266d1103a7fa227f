// Uses a token: speaks a text, or transcribes speech.

import { createPlayer } from "../playback.js";
import { openInput } from "./input.js";
import { sourceOf } from "./source.js";
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
    const onAudio = (samples, rate) => {
      wait ??= Math.round(performance.now() - started);
      player.play(samples, rate);
      setProgress("Speaking …");
    };
    await speak(sourceOf(token), text, { onAudio, signal });
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
  const audio = await openInput(file, rates.input);
  const stopDrawing = drawWaveform(canvas, audio.analyser);
  const finals = [];
  const show = (text, isFinal) => {
    const latest = text.trim();
    onText([...finals, latest].join(" "));
    if (isFinal && latest) finals.push(latest);
  };
  try {
    setProgress("Getting a token …");
    // The token is requested after the microphone permission, so that it does not expire meanwhile.
    const token = await getToken();
    onStop(audio.stop);
    setProgress("Connecting …");
    const chunks = callOnStart(audio, () => setProgress(file ? "Playing the sample …" : "Listening. Speak now."));
    await listen(sourceOf(token), chunks, { onText: show, signal });
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
