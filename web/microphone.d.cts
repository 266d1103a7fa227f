// Generated from web/microphone.d.ts by `make generate`. Do not edit.

/** Options of {@link fromMicrophone}. */
export interface MicrophoneOptions {
  /** Its abort releases the microphone, also while the user is asked. */
  signal?: AbortSignal | undefined;
  /**
   * The URL of the package's `worklet.js`, which runs on the browser's audio thread. By default the
   * page loads its text as a `blob:` URL. Set it if the page's Content-Security-Policy does not
   * permit `blob:` in `script-src`.
   */
  worklet?: string | URL | undefined;
}

/**
 * A microphone: an iterable of 16-bit samples, 100 ms each, for `listen` and `converse`. It can be
 * read once. The device is released when that ends: also when `listen` or `converse` fails.
 */
export interface Microphone extends AsyncIterable<Int16Array> {
  /** Ends the audio: the rest of it is still read. */
  stop(): void;
  /** Releases the device immediately. */
  close(): void;
  /** Receives the audio, to draw it. */
  readonly analyser: AnalyserNode;
}

/**
 * Captures the microphone at `rate` samples per second, without what the page plays. Browsers ask
 * the user for permission, and have a microphone on `https` and `localhost` only. Reading starts
 * the capture.
 *
 * @throws DOMException `NotAllowedError` or `NotFoundError`, as `getUserMedia` does.
 */
export function fromMicrophone(rate: number, options?: MicrophoneOptions): Promise<Microphone>;
