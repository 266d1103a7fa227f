import type { AudioSource, ListenOptions, Parameters, Source, SpeakOptions } from "../../web/options.js";

/** The members of a generation request at Cartesia. */
export interface SpeakParameters extends Parameters {
  /** Default: `sonic-3.5`. */
  model_id?: string | undefined;
  /** Default: an English voice. */
  voice?: { mode: "id"; id: string } | undefined;
  language?: string | undefined;
  locale?: string | undefined;
  normalization?: string | undefined;
  /** Of models before Sonic 3, which has `generation_config`. */
  speed?: string | number | undefined;
  generation_config?: {
    speed?: number | undefined;
    volume?: number | undefined;
    emotion?: string | undefined;
    [name: string]: unknown;
  } | undefined;
  transcript?: undefined;
  output_format?: undefined;
  context_id?: undefined;
}

/** The query of Cartesia's transcription socket. */
export interface ListenParameters extends Parameters {
  /** Default: `ink-2`. */
  model?: string | undefined;
  language?: string | undefined;
  encoding?: undefined;
  sample_rate?: undefined;
}

/** Speaks a text at 24 kHz. The token needs the grant `tts`. */
export function speak(source: Source<"tts">, text: string, options?: SpeakOptions & SpeakParameters): Promise<void>;

/** Transcribes samples at 16 kHz. The token needs the grant `stt`. */
export function listen(source: Source<"stt">, audio: AudioSource, options?: ListenOptions & ListenParameters): Promise<void>;
