// Generated from web/options.d.ts by `make generate`. Do not edit.

/** The sources and options of the functions that speak, listen and converse. */

/**
 * Opens authenticated sockets, as a token source of this package does. `Name` are the sockets that
 * a function needs.
 */
export interface Source<Name extends string> {
  // Not a method: TypeScript would accept a source without this socket, such as LiveKit's.
  connect: (name: Name, options?: ConnectOptions) => Promise<WebSocket>;
}

export interface ConnectOptions {
  query?: { readonly [name: string]: string | number | boolean | readonly (string | number | boolean)[] | undefined } | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Audio to send: chunks of 16-bit samples with one channel, or of their bytes, such as
 * `fromMicrophone(rate)`. Chunks of 100 ms, at the speed of speech, suit every provider. The
 * iteration ends with the promise, even if no socket opens: that releases a microphone.
 */
export type AudioSource = AsyncIterable<Int16Array | Uint8Array> | Iterable<Int16Array | Uint8Array>;

/** Receives 16-bit samples with one channel, and their number per second. */
export type OnAudio = (samples: Uint8Array, rate: number) => void;

/**
 * Receives a text as far as it is known. It replaces the text of the previous call, unless that was
 * final: then another one begins.
 */
export type OnText = (text: string, isFinal: boolean) => void;

export interface Options {
  /** Its abort closes the socket and rejects the promise. */
  signal?: AbortSignal | undefined;
}

export interface SpeakOptions extends Options {
  onAudio?: OnAudio | undefined;
}

export interface ListenOptions extends Options {
  onText?: OnText | undefined;
}

export interface ConverseOptions extends Options {
  /** What the user said. */
  onUser?: OnText | undefined;
  /** What the agent says. */
  onAgent?: OnText | undefined;
  /** The agent's voice. */
  onAudio?: OnAudio | undefined;
  /** The user interrupts the agent: audio that has not been played is to be dropped. */
  onInterrupt?: (() => void) | undefined;
}

/**
 * Further parameters of a provider, by its own names: these are passed on as they are. They have an
 * underscore, which no option of this package has; each provider's types name those without. What a
 * function sets itself can only be `undefined`.
 */
export interface Parameters {
  [name: `${string}_${string}`]: unknown;
  /** No provider's, but a callback that is misspelt. */
  [name: `on_${string}`]: undefined;
}

/** One text, or several, which repeat a parameter of the query. */
export type Texts = string | readonly string[];
