// Generated from functions/deepgram/client.d.ts by `make generate`. Do not edit.

import type { AudioSource, ConverseOptions, ListenOptions, Parameters, Source, SpeakOptions } from "../options.js";

/** The query of Deepgram's speech socket. */
export interface SpeakParameters extends Parameters {
  /** The voice. Default: `aura-2-thalia-en`. */
  model?: string | undefined;
}

/** The query of Deepgram's transcription socket. */
export interface ListenParameters extends Parameters {
  /** Default: `nova-3`. */
  model?: string | undefined;
  language?: string | undefined;
  endpointing?: number | boolean | undefined;
  punctuate?: boolean | undefined;
  /** Default: true. */
  interim_results?: boolean | undefined;
  /** Default: true. */
  smart_format?: boolean | undefined;
}

/** The `agent` of the settings that Deepgram's agents begin with. */
export interface ConverseParameters {
  agent?: object | undefined;
}

/** Speaks a text at 24 kHz. */
export function speak(source: Source<"speak">, text: string, options?: SpeakOptions & SpeakParameters): Promise<void>;

/** Transcribes samples at 16 kHz. */
export function listen(
  source: Source<"listen">,
  audio: AudioSource,
  options?: ListenOptions & ListenParameters,
): Promise<void>;

/**
 * Talks with a voice agent, which hears samples at 16 kHz and speaks at 24 kHz, until it has
 * answered after the end of the audio.
 */
export function converse(
  source: Source<"agent">,
  audio: AudioSource,
  options?: ConverseOptions & ConverseParameters,
): Promise<void>;
