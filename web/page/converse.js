// Uses a token for a conversation: sends speech, and plays and shows the answers.

import { createPlayer } from "../playback.js";
import { openInput } from "./input.js";
import { sourceOf } from "./source.js";
import { drawWaveform } from "./waveform.js";

// Most providers notice the end of speech by the silence after it: chunks of 100 ms.
const SILENT_CHUNKS = 10;

// How long an answer may pause after the end of the speech. Not every provider says that its answer is
// complete, and there is none if nobody spoke.
const QUIET_SECONDS = 8;

/** Talks with a provider through the microphone or an audio file, until `converse` returns. */
export async function talk({ converse, rates, getToken, file, canvas, setProgress, dialogue, onStop, signal }) {
  const player = createPlayer(rates.output);
  const answer = createAnswer(player);
  let audio;
  let stopDrawing;

  async function* speech() {
    setProgress(file ? "Playing the sample …" : "Connected. Talk now.");
    yield* audio;
    if (answer.isClosed()) return;
    setProgress("Waiting for the end of the answer …");
    answer.expectEnd();
    for (let sent = 0; sent < SILENT_CHUNKS; sent += 1) yield new Int16Array(rates.input / 10);
  }

  try {
    audio = await openInput(file, rates.input);
    stopDrawing = drawWaveform(canvas, audio.analyser, player.analyser);
    setProgress("Getting a token …");
    const token = await getToken();
    onStop(audio.stop);
    setProgress("Connecting …");
    const callbacks = answer.watched({
      onUser: (text, final) => dialogue.say("user", text, final),
      onAgent: (text, final) => dialogue.say("agent", text, final),
      onAudio: player.play,
      onInterrupt: () => {
        player.stop();
        dialogue.endTurn("agent");
      },
    });
    try {
      const either = AbortSignal.any([signal, answer.over]);
      await converse(sourceOf(token), speech(), { ...callbacks, signal: either });
    } catch (error) {
      if (signal.aborted || !answer.over.aborted) throw error;
    }
    answer.close(); // what arrives now is not part of the answer
    await player.finish(signal);
    setProgress(`Done. The agent spoke for ${player.seconds().toFixed(1)} s.`);
  } finally {
    answer.close();
    stopDrawing?.();
    audio?.close();
    player.close();
    dialogue.endTurn("user");
    dialogue.endTurn("agent");
  }
}

/** Finds the end of an answer: the signal `over` aborts when the answer pauses for too long. */
function createAnswer(player) {
  const over = new AbortController();
  let isExpectingEnd = false;
  let isClosed = false;
  let timer;

  function wait() {
    clearTimeout(timer);
    if (isExpectingEnd && !isClosed) timer = setTimeout(() => over.abort(), (player.left() + QUIET_SECONDS) * 1000);
  }

  /** The callback, until the conversation is closed: a closing socket may still receive messages. */
  const watchedOne = (callback) => (...details) => {
    if (isClosed) return;
    callback(...details);
    wait();
  };

  return {
    over: over.signal,
    isClosed: () => isClosed,
    watched: (callbacks) => Object.fromEntries(Object.entries(callbacks).map(([name, callback]) => [name, watchedOne(callback)])),
    expectEnd: () => {
      isExpectingEnd = true;
      wait();
    },
    close: () => {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
