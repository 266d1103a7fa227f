// Generated from web/providers/deepgram.d.ts by `make generate`. Do not edit.

import type { AudioSource, ConverseOptions, ListenOptions, Parameters, Source, SpeakOptions, Texts } from "../options.cjs";

/** The query of Deepgram's speech socket. */
export interface SpeakParameters extends Parameters {
  /** The voice. Default: `aura-2-thalia-en`. */
  model?: string | undefined;
  speed?: number | undefined;
  encoding?: undefined;
  sample_rate?: undefined;
}

/** The query of Deepgram's transcription socket. */
export interface ListenParameters extends Parameters {
  /** Default: `nova-3`. */
  model?: string | undefined;
  version?: string | undefined;
  language?: string | undefined;
  diarize?: boolean | undefined;
  dictation?: boolean | undefined;
  endpointing?: number | boolean | undefined;
  extra?: Texts | undefined;
  keyterm?: Texts | undefined;
  keywords?: Texts | undefined;
  numerals?: boolean | undefined;
  punctuate?: boolean | undefined;
  redact?: Texts | undefined;
  replace?: Texts | undefined;
  search?: Texts | undefined;
  tag?: Texts | undefined;
  /** Default: true. */
  interim_results?: boolean | undefined;
  /** Default: true. */
  smart_format?: boolean | undefined;
  encoding?: undefined;
  sample_rate?: undefined;
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
