// Uses a token: lets a sentence be heard, or writes what is said.

import { fromMicrophone, fromSample } from "./capture.js";
import { drawSound } from "./scope.js";
import { createPlayer } from "./sound.js";

/** Plays what `speak` makes of a text, while it comes. */
export async function hear({ speak, getToken, text, canvas, tell, signal }) {
  const player = createPlayer(24000);
  const stopDrawing = drawSound(canvas, player.analyser);
  try {
    tell("Getting a token …");
    const token = await getToken();
    tell("Connecting …");
    const started = performance.now();
    let wait;
    await speak(token, text, (sound) => {
      wait ??= Math.round(performance.now() - started);
      player.play(sound);
      tell("Speaking …");
    }, signal);
    await player.finish(signal);
    tell(`${player.seconds().toFixed(1)} s of sound; the first of it came ${wait} ms after connecting began.`);
  } finally {
    stopDrawing();
    player.close();
  }
}

/**
 * Writes what `listen` hears, in the microphone or in a file of sound. `onStop` gets a function that ends the sound; the last
 * words come after that.
 */
export async function write({ listen, getToken, file, canvas, tell, onText, onStop, signal }) {
  const sound = await (file ? fromSample(file) : fromMicrophone());
  const stopDrawing = drawSound(canvas, sound.analyser);
  const written = [];
  try {
    tell("Getting a token …");
    // The microphone was asked for before: a token is for now.
    const token = await getToken();
    onStop(sound.stop); // until here there was nothing that has an end
    tell("Connecting …");
    const telling = tellWhenItBegins(sound.pieces, () => tell(file ? "Playing the sample …" : "Listening: speak."));
    await listen(token, telling, (text, final) => {
      const latest = text.trim();
      onText([...written, latest].join(" "));
      if (final && latest) written.push(latest);
    }, signal);
    tell(written.length ? "Done." : "Done. Nothing was understood.");
  } finally {
    stopDrawing();
    sound.close();
  }
}

async function* tellWhenItBegins(pieces, begun) {
  begun();
  yield* pieces;
}
