import type { AudioSource, ConverseOptions, ListenOptions, Source } from "../../web/options.js";

/** Transcribes samples at 24 kHz. The token's profile has the type `transcription`. */
export function listen(source: Source<"transcription">, audio: AudioSource, options?: ListenOptions): Promise<void>;

/**
 * Talks with the model, which hears and speaks at 24 kHz, until it has answered after the end of
 * the audio. The token's profile has the type `realtime`.
 */
export function converse(source: Source<"realtime">, audio: AudioSource, options?: ConverseOptions): Promise<void>;

/**
 * Translates speech, which is heard and spoken at 24 kHz. `onUser` has the text that was heard, and
 * `onAgent` its translation: each is one text until the end. The token's profile has the type
 * `translation`.
 */
export function translate(
  source: Source<"translation">,
  audio: AudioSource,
  options?: Omit<ConverseOptions, "onInterrupt">,
): Promise<void>;
