// Generated from voicemint.d.ts by commonjs.js, for CommonJS. Do not edit.

/** Options of {@link createTokenSource}. All are optional; `undefined` counts as absent. */
export interface TokenSourceOptions {
  /**
   * The fields of the token request, with the provider's field names: `{ grants: { tts: true } }`.
   */
  ask?: object | undefined;
  /**
   * As for `fetch`. Use `"include"` if the endpoint is on another origin and the session is a
   * cookie.
   */
  credentials?: RequestCredentials | undefined;
  /**
   * Returns the app's session, which is sent as a Bearer token. Without this option, or if it
   * returns nothing, the endpoint uses cookies only. Each `getToken()` calls it, so it should cache
   * the session. If it throws, `getToken()` rejects with the same error; if it returns anything
   * other than one line of ASCII, `getToken()` rejects with a TypeError.
   *
   * If it returns the Bearer token of another user, the source is cleared: cached tokens are
   * dropped, and pending calls reject with the code `cleared`. Users are compared by `iss` and
   * `sub`. A Bearer token that is not a JWT does not identify a user, so each new one may belong to
   * another user: cached tokens are dropped too, but pending calls go on. The source does not see a
   * change of cookies: call `clear()` then.
   */
  session?: (() => string | null | undefined | Promise<string | null | undefined>) | undefined;
  /**
   * Called when the endpoint responds with 401, so that the app can sign in or refresh the session.
   * It is called once for all calls that receive 401 in the meantime. If it returns true, the token
   * is requested once more; otherwise `getToken()` rejects.
   *
   * If the app calls `clear()` meanwhile, all pending calls reject with the code `cleared`,
   * including the calls that wait for this function. So call `clear()` here only if another user
   * signed in, and then call `getToken()` again.
   */
  onUnauthenticated?: ((error: VoicemintError) => unknown) | undefined;
  /** Called before a wait after 429 or 503, with its duration in seconds. */
  onWait?: ((seconds: number, error: VoicemintError) => void) | undefined;
  /**
   * The maximum time, in seconds, that `getToken()` waits in total after 429 and 503. Default: 30.
   * If the connection drops, it retries once, after one second.
   */
  maxWait?: number | undefined;
  /** A replacement for the global `fetch`. */
  fetch?: typeof fetch | undefined;
}

/** A WebSocket that a token opens. */
export interface Socket {
  /** The URL, which contains the token. Add only the provider's own parameters to its query. */
  url: string;
  /** The subprotocols. They may contain the token. */
  protocols: string[];
}

/**
 * A token, as the endpoint returned it. The object is frozen because several callers may get it.
 */
export interface Token {
  /** The provider's name. */
  provider: string;
  /** The token itself. Do not store it: call `getToken()` when you need it. */
  token: string;
  /** Its lifetime in seconds at the time of the response. */
  expires_in: number;
  /** When it expires, in UTC (RFC 3339). */
  expires_at: string;
  /** Whether the provider accepts it only once. */
  single_use: boolean;
  /** The provider's host where it is used. Some providers accept a token only there. */
  base_url: string;
  /**
   * The WebSockets that it opens, by name, such as `tts`: `new WebSocket(url, protocols)` is
   * authenticated. Absent if it opens none.
   */
  connect?: { [name: string]: Socket } | undefined;
  /** The profile that it was minted for, if the provider has profiles. */
  profile?: string | undefined;
  /** Whether the provider itself holds the session to the profile. */
  locked?: boolean | undefined;
  /** Until when a session accepts messages, in UTC (Gemini). */
  session_expires_at?: string | undefined;
  /** The conversation's id (ElevenLabs Agents). */
  conversation_id?: string | undefined;
  /** The LiveKit server of a conversation over WebRTC (ElevenLabs Agents). */
  livekit_url?: string | undefined;
  /** The project's server, for LiveKit's clients. */
  server_url?: string | undefined;
  /** The token again, for LiveKit's clients. */
  participant_token?: string | undefined;
  /** Whether it was `"minted"`, or `"resumed"` from the cookie. */
  source: "minted" | "resumed" | null;
}

/** A source of tokens. */
export interface TokenSource {
  /**
   * Returns a token. A reusable token is returned again until less than 5 s, or a tenth of its
   * lifetime, is left; a single-use token is returned once. Concurrent calls share one request if
   * they can share its token. A token that has expired on arrival, for example because the laptop
   * was asleep, is requested once more.
   */
  getToken(options?: { signal?: AbortSignal | undefined }): Promise<Readonly<Token>>;
  /** Fetches the token for the next `getToken()`, so that it does not have to wait. */
  prefetch(options?: { signal?: AbortSignal | undefined }): Promise<void>;
  /**
   * Drops all tokens. Call it when another user signs in by cookie. Pending calls reject with the
   * code `cleared`.
   */
  clear(): void;
  /**
   * Drops all tokens and makes the endpoint delete its cookie. Rejects if the endpoint does not.
   */
  signOut(): Promise<void>;
}

/**
 * Creates a source of tokens from a Voicemint endpoint, such as `/cartesia/token`.
 *
 * @throws TypeError if an option is unknown, or if the URL or an option is invalid. Outside a page,
 * as in Node.js, a relative URL is rejected only by `getToken()`, because servers load modules that
 * create a source too.
 */
export function createTokenSource(url: string | URL, options?: TokenSourceOptions): TokenSource;

/** An error response of the endpoint, or a failure to reach it. */
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
  /**
   * A code of README's error table, or `network_error`, `unexpected_answer` or `cleared`.
   */
  code: string;
  /** A short description of the code, if the endpoint returned an error. */
  title?: string;
  /** What to do about it. */
  detail: string;
  /** The HTTP status, if there was a response. */
  status?: number;
  /** The ID of the request in the service's log. */
  requestId?: string;
  /** The invalid fields, if the code is `request_invalid`. */
  errors: { field: string; message: string }[];
  /** The seconds after which to try again, if the endpoint sent them. */
  retryAfter?: number;
  /** The error of `fetch`, if the code is `network_error`. */
  cause?: unknown;
}
