import type { AudioSource, ConverseOptions, Source } from "../../web/options.js";

/**
 * Talks with the model, which hears samples at 16 kHz and speaks at 24 kHz, until it has answered
 * after the end of the audio. The profile has the whole setup.
 */
export function converse(source: Source<"live">, audio: AudioSource, options?: ConverseOptions): Promise<void>;
