// Generated from functions/soniox/client.d.ts by `make generate`. Do not edit.

import type { AudioSource, ListenOptions, Parameters, Source, SpeakOptions } from "../options.js";

/** The first message of a stream of Soniox' speech. */
export interface SpeakParameters extends Parameters {
  /** Default: `tts-rt-v2`. */
  model?: string | undefined;
  /** Default: `en`. */
  language?: string | undefined;
  /** Default: `Adrian`. */
  voice?: string | undefined;
  speed?: number | undefined;
  stream_id?: undefined;
  audio_format?: undefined;
  sample_rate?: undefined;
}

/** The first message of Soniox' transcription. */
export interface ListenParameters extends Parameters {
  /** Default: `stt-rt-v5`. */
  model?: string | undefined;
  /** Default: true. */
  enable_endpoint_detection?: boolean | undefined;
  language_hints?: readonly string[] | undefined;
  /** What the speech is about: a text, or an object with `general`, `text` and `terms`. */
  context?: string | object | undefined;
  /** For example `{ type: "one_way", target_language: "es" }`. */
  translation?: { type: string; [name: string]: unknown } | undefined;
  audio_format?: undefined;
  sample_rate?: undefined;
  num_channels?: undefined;
}

/** Speaks a text at 24 kHz. The token has the usage type `tts_rt`. */
export function speak(source: Source<"tts_rt">, text: string, options?: SpeakOptions & SpeakParameters): Promise<void>;

/** Transcribes samples at 16 kHz. The token has the usage type `transcribe_websocket`. */
export function listen(
  source: Source<"transcribe_websocket">,
  audio: AudioSource,
  options?: ListenOptions & ListenParameters,
): Promise<void>;
