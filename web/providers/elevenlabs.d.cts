// Generated from web/providers/elevenlabs.d.ts by `make generate`. Do not edit.

import type { AudioSource, ListenOptions, Parameters, Source, SpeakOptions, Texts } from "../options.cjs";

/** The query of ElevenLabs' speech socket, and the settings of its first message. */
export interface SpeakParameters extends Parameters {
  /** Default: an English voice. */
  voice_id?: string | undefined;
  /** Default: `eleven_flash_v2_5`. */
  model_id?: string | undefined;
  voice_settings?: object | undefined;
  seed?: number | undefined;
  output_format?: undefined;
}

/** The query of ElevenLabs' transcription socket. */
export interface ListenParameters extends Parameters {
  /** Default: `scribe_v2_realtime`. */
  model_id?: string | undefined;
  keyterms?: Texts | undefined;
  audio_format?: undefined;
}

/** Speaks a text at 24 kHz. The token has the type `tts_websocket`. */
export function speak(
  source: Source<"tts_websocket">,
  text: string,
  options?: SpeakOptions & SpeakParameters,
): Promise<void>;

/** Transcribes samples at 16 kHz. The token has the type `realtime_scribe`. */
export function listen(
  source: Source<"realtime_scribe">,
  audio: AudioSource,
  options?: ListenOptions & ListenParameters,
): Promise<void>;
