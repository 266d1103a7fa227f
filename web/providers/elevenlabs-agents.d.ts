// Generated from functions/elevenlabs-agents/client.d.ts by `make generate`. Do not edit.

import type { AudioSource, ConverseOptions, Parameters, Source } from "../options.js";

/** The members of ElevenLabs' `conversation_initiation_client_data`. */
export interface ConverseParameters extends Parameters {
  /** Only what the agent's settings permit to override. */
  conversation_config_override?: object | undefined;
  dynamic_variables?: { readonly [name: string]: string | number | boolean | undefined } | undefined;
  type?: undefined;
}

/**
 * Talks with the agent of the token's profile, which hears and speaks at 16 kHz, until the agent
 * ends the conversation. The end of the audio does not end it: abort the signal for that.
 */
export function converse(
  source: Source<"conversation">,
  audio: AudioSource,
  options?: ConverseOptions & ConverseParameters,
): Promise<void>;
