/** Options of {@link createTokenSource}. All are optional; one that is `undefined` counts as absent. */
export interface TokenSourceOptions {
  /** What to ask for, in the provider's own field names, such as `{ grants: { tts: true } }`. */
  ask?: object | undefined;
  /** As for `fetch`: `"include"` where the endpoint is on another origin and the session is a cookie. */
  credentials?: RequestCredentials | undefined;
  /**
   * Gives the app's session, to be sent as Bearer; without it, or where it gives nothing, cookies alone count. It is called by
   * each `getToken()`, so it should keep the session itself. What it throws is what `getToken()` rejects with; where it gives
   * anything but one line of ASCII, that is a TypeError.
   *
   * Where it gives another user's Bearer than before, that clears: tokens are forgotten, and calls under way reject with the
   * code `cleared`. Users are told apart by `iss` and `sub`. A Bearer that is no JWT names nobody, so each change of it may be
   * another user: tokens are forgotten too, but calls under way go on. A change of cookies is not seen: call `clear()` then.
   */
  session?: (() => string | null | undefined | Promise<string | null | undefined>) | undefined;
  /**
   * Called when the endpoint answers 401, so that the app can sign in or refresh the session; once for all calls that are
   * refused meanwhile. If it gives true the token is asked for once more, else `getToken()` rejects.
   *
   * `clear()` counts here too: the calls under way, also those that wait for this, reject with the code `cleared`, whatever it
   * gives then. So call it only where somebody else signed in, and `getToken()` again for them.
   */
  onUnauthenticated?: ((error: VoicemintError) => unknown) | undefined;
  /** Called before a wait of so many seconds, after 429 or 503. */
  onWait?: ((seconds: number, error: VoicemintError) => void) | undefined;
  /**
   * The longest time, in seconds, that `getToken()` waits for its turn after 429 and 503. Default: 30. Where the connection
   * drops it tries once more, a second later.
   */
  maxWait?: number | undefined;
  /** Another `fetch`. */
  fetch?: typeof fetch | undefined;
}

/** A token, as the endpoint answered. It is frozen, as all who ask may be given the same one. */
export interface Token {
  /** The provider's name. */
  provider: string;
  /** The token itself. Do not store it: ask for it when it is needed. */
  token: string;
  /** How long it lasted when it was handed to this page, in seconds. */
  expires_in: number;
  /** When it expires: UTC, RFC 3339. */
  expires_at: string;
  /** Whether the provider takes it once. */
  single_use: boolean;
  /** The provider's host that minted it; some take it only there. */
  base_url: string;
  /** Whether it was `"minted"`, or `"resumed"` out of the cookie. */
  source: "minted" | "resumed" | null;
}

/** A source of tokens. */
export interface TokenSource {
  /**
   * Gives a token: a reusable one again and again until less than 5 s, or a tenth of its lifetime, is left; a single-use one
   * once. Calls at the same time share one request where they can share its token. What has expired on its way, as where a
   * laptop slept, is asked for once more.
   */
  getToken(options?: { signal?: AbortSignal | undefined }): Promise<Readonly<Token>>;
  /** Fetches the token that the next `getToken()` will give, so that it need not wait. */
  prefetch(options?: { signal?: AbortSignal | undefined }): Promise<void>;
  /** Forgets all tokens. Call it when somebody else signs in by cookie; calls under way reject with the code `cleared`. */
  clear(): void;
  /** Forgets all tokens and has the endpoint expire its cookie; rejects where the endpoint did not. */
  signOut(): Promise<void>;
}

/**
 * Makes a source of tokens from a Voicemint endpoint, such as `/cartesia/token`.
 *
 * @throws TypeError where there is no such option, or the URL or an option is not what it must be. A path where there is no page,
 * as in Node.js, is refused only when it is asked for: modules with a source in them are loaded on servers too.
 */
export function createTokenSource(url: string | URL, options?: TokenSourceOptions): TokenSource;

/** A refusal by the endpoint, or a failure to reach it. */
export class VoicemintError extends Error {
  constructor(
    problem: {
      code: string;
      title?: string;
      detail: string;
      status?: number;
      request_id?: string;
      errors?: { field: string; message: string }[];
      retryAfter?: number;
    },
    options?: { cause?: unknown },
  );
  /** A code of the README's error table; or `network_error`, `unexpected_answer`, `cleared`. */
  code: string;
  /** The code in words, if the endpoint refused. */
  title?: string;
  /** What to do, in a sentence. */
  detail: string;
  /** The HTTP status, if there was an answer. */
  status?: number;
  /** What the service's log has it under. */
  requestId?: string;
  /** The fields that are wrong, where the code is `request_invalid`. */
  errors: { field: string; message: string }[];
  /** When to try again, in seconds, if the endpoint said so. */
  retryAfter?: number;
  /** What `fetch` threw, where the code is `network_error`. */
  cause?: unknown;
}
