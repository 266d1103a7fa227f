/** Plays audio while it arrives. Its functions can be passed on without the object. */
export interface Player {
  /**
   * Plays 16-bit samples after the previous ones. A sample may be split between two chunks. Without
   * `rate` they have the player's sample rate.
   */
  play(samples: Uint8Array, rate?: number | undefined): void;
  /** Drops what has not been played, because the user interrupts. */
  stop(): void;
  /**
   * Waits until all audio has been played, also what arrives meanwhile, or until `stop()` or
   * `close()` drops it.
   */
  finish(signal?: AbortSignal | undefined): Promise<void>;
  /** The seconds that have not been played. */
  left(): number;
  /** The seconds of all audio, without what `stop()` dropped. */
  seconds(): number;
  /** Ends the sound and releases the audio device. */
  close(): Promise<void>;
  /** Receives the audio, to draw it. */
  readonly analyser: AnalyserNode;
}

/**
 * Creates a player. Browsers play no sound until the user has clicked on the page or pressed a key:
 * create it after that.
 */
export function createPlayer(sampleRate: number): Player;
