// Generated from web/providers/assemblyai.d.ts by `make generate`. Do not edit.

import type { AudioSource, ConverseOptions, ListenOptions, Parameters, Source } from "../options.cjs";

/** The query of AssemblyAI's streaming socket. */
export interface ListenParameters extends Parameters {
  language?: string | undefined;
  domain?: string | undefined;
  mode?: string | undefined;
  prompt?: string | undefined;
  sample_rate?: undefined;
  format_turns?: undefined;
}

/** The session of an agent, as in AssemblyAI's `session.update`. */
export interface ConverseParameters {
  session?: {
    system_prompt?: string | undefined;
    greeting?: string | undefined;
    agent_id?: string | undefined;
    [name: string]: unknown;
  } | undefined;
}

/** Transcribes samples at 16 kHz. The token has the product `streaming`. */
export function listen(
  source: Source<"streaming">,
  audio: AudioSource,
  options?: ListenOptions & ListenParameters,
): Promise<void>;

/**
 * Talks with an agent, which hears and speaks at 24 kHz, until it has answered the last audio. The
 * token has the product `agent`.
 */
export function converse(
  source: Source<"agent">,
  audio: AudioSource,
  options?: ConverseOptions & ConverseParameters,
): Promise<void>;
