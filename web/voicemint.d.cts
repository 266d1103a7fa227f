// Generated from web/voicemint.d.ts by `make generate`. Do not edit.

import type { Providers } from "./providers.cjs";

/** The name of a provider, as in the endpoint's path: `/cartesia/token`. */
export type Provider = keyof Providers;

/** The fields of a provider's token request; without a provider, of any. */
export type Ask<P extends Provider = Provider> = P extends Provider ? Providers[P]["ask"] : never;

/** The names of the sockets that a provider's tokens open; `never` if they open none. */
export type SocketName<P extends Provider = Provider> = Providers[P]["socket"];

/**
 * The provider that a URL names: `"cartesia"` for `"/cartesia/token"`, also with a host, a prefix
 * or a query. Any provider, if the URL names none or its text is not known.
 */
export type ProviderOf<Url> = [NamedBy<Url>] extends [never] ? Provider : NamedBy<Url>;

type NamedBy<Url> = {
  [P in Provider]: Url extends `${string}/${P}/token` | `${string}/${P}/token?${string}` ? P : never;
}[Provider];

/** Options of {@link createTokenSource}. All are optional; `undefined` counts as absent. */
export interface TokenSourceOptions<P extends Provider = Provider> {
  /**
   * The fields of the token request, with the provider's field names: `{ grants: { tts: true } }`.
   */
  ask?: Ask<P> | undefined;
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
   * signed in, and call `getToken()` again after this function has returned.
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
  /**
   * A replacement for the global `WebSocket`, such as that of the package `ws` in Node.js before
   * version 22.
   */
  WebSocket?: (new (url: string, protocols: string[]) => any) | undefined;
}

/** Options of one call. */
export interface CallOptions {
  /** Ends the call, which rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /**
   * Called before this call waits after 429 or 503, in addition to the source's `onWait`. A call
   * that joins a request that already waits is told of the next wait. An error of this function
   * does not reject the call: it is an unhandled rejection.
   */
  onWait?: ((seconds: number, error: VoicemintError) => void) | undefined;
}

/** A parameter of a socket's URL. An array repeats it; `undefined` leaves it out. */
export type QueryValue = string | number | boolean | readonly (string | number | boolean)[] | undefined;

/** Options of {@link TokenSource.connect}. */
export interface ConnectOptions extends CallOptions {
  /**
   * The provider's own parameters, such as a model or a sample rate. Those that the URL has in
   * braces are filled in: `{ voice_id: "…" }` for ElevenLabs' `tts_websocket`. The others are
   * appended to the query.
   */
  query?: { readonly [name: string]: QueryValue } | undefined;
}

/** A WebSocket that a token opens. */
export interface Socket {
  /** The URL, which contains the token. Add only the provider's own parameters to its query. */
  readonly url: string;
  /**
   * The subprotocols, frozen like the token. They may contain the token. The type is not a readonly
   * array, which `new WebSocket()` would not take.
   */
  readonly protocols: string[];
}

/** The members that each provider's token has. */
interface CommonToken<P extends Provider> {
  /** The provider's name. */
  provider: P;
  /** The token itself. Do not store it: call `getToken()` when you need it. */
  token: string;
  /** Its lifetime in seconds at the time of the response. */
  expires_in: number;
  /** When it expires, in UTC (RFC 3339). */
  expires_at: string;
  /** Whether the provider accepts it only once. */
  single_use: Providers[P]["single_use"];
  /** The provider's host where it is used. Some providers accept a token only there. */
  base_url: string;
  /**
   * The WebSockets that it opens, by name, such as `tts`: `new WebSocket(url, protocols)` is
   * authenticated. Absent if it opens none. {@link TokenSource.connect} opens one of them.
   */
  connect?: { [name in SocketName<P>]?: Socket } | undefined;
  /** Whether it was `"minted"`, or `"resumed"` from the cookie. */
  source: "minted" | "resumed" | null;
}

/** The members that only some providers' tokens have. */
interface OtherMembers {
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
}

/**
 * A token, as the endpoint returned it: of one provider, or of any. The object is frozen because
 * several callers may get it.
 */
export type Token<P extends Provider = Provider> = P extends Provider
  ? CommonToken<P> & Providers[P]["response"] & Omit<OtherMembers, keyof Providers[P]["response"]>
  : never;

/** A source of tokens. */
export interface TokenSource<P extends Provider = Provider> {
  /**
   * Returns a token. A reusable token is returned again until less than 5 s, or a tenth of its
   * lifetime, is left; a single-use token is returned once. Concurrent calls share one request if
   * they can share its token. A token that has expired on arrival, for example because the laptop
   * was asleep, is requested once more.
   */
  getToken(options?: CallOptions): Promise<Readonly<Token<P>>>;
  /**
   * Gets a token and opens the socket that it has by that name. Resolves when the socket is open,
   * authenticated by its URL or subprotocols; its `binaryType` is `"arraybuffer"`. Assign
   * `onmessage` before the next `await`, so that no message is lost. The call's signal has no
   * effect on an open socket.
   *
   * If the socket does not open with a token that can have been spent or become invalid since it
   * was minted, the call gets another token and tries once more. It then rejects with
   * `connection_failed`, or with `socket_missing` if the token has no such socket. If `clear()` is
   * called or another user signs in before the socket is open, the socket is closed, and the call
   * rejects with `cleared`. Some providers refuse a token only after the socket is open, with a
   * message or a close code: that is the app's to handle.
   *
   * @throws TypeError if `query` or an option is invalid, if the URL has a name in braces that `query`
   * lacks, or if the platform has no WebSocket. A token is not spent then.
   */
  connect(name: SocketName<P>, options?: ConnectOptions): Promise<WebSocket>;
  /** Fetches the token for the next `getToken()` or `connect()`, which then does not wait. */
  prefetch(options?: CallOptions): Promise<void>;
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
 * Creates a source of tokens from a Voicemint endpoint, such as `/cartesia/token`. The URL's text
 * tells the provider, whose fields and sockets are then checked. If it does not, name the provider:
 * `createTokenSource<"cartesia">(url)`.
 *
 * @throws TypeError if an option is unknown, or if the URL or an option is invalid. Outside a page,
 * as in Node.js, a relative URL is rejected only by `getToken()`, because servers load modules that
 * create a source too.
 */
export function createTokenSource<P extends Provider = never, Url extends string | URL = string | URL>(
  url: Url,
  options?: TokenSourceOptions<[P] extends [never] ? ProviderOf<Url> : P>,
): TokenSource<[P] extends [never] ? ProviderOf<Url> : P>;

/** The codes of the endpoint's error table. */
type EndpointErrorCode =
  | "request_malformed"
  | "session_missing"
  | "session_invalid"
  | "session_expired"
  | "origin_not_allowed"
  | "grant_not_allowed"
  | "method_not_allowed"
  | "request_too_large"
  | "media_type_not_supported"
  | "request_invalid"
  | "rate_limited"
  | "internal"
  | "provider_rejected"
  | "provider_unavailable"
  | "session_unavailable"
  | "secret_unavailable"
  | "limit_unavailable"
  | "provider_timeout";

/** The codes of the endpoint, and those of the client itself. */
export type ErrorCode =
  | EndpointErrorCode
  | "network_error"
  | "unexpected_answer"
  | "cleared"
  | "connection_failed"
  | "socket_missing";

/** An error response of the endpoint, or a failure to reach it. */
export class VoicemintError extends Error {
  constructor(
    problem: {
      code: ErrorCode;
      title?: string | undefined;
      detail: string;
      status?: number | undefined;
      request_id?: string | undefined;
      errors?: { field: string; message: string }[] | undefined;
      retryAfter?: number | undefined;
    },
    options?: { cause?: unknown } | undefined,
  );
  /** A code of README's error table, or one of the client's own. */
  code: ErrorCode;
  /** A short description of the code, if the endpoint returned an error. */
  title?: string | undefined;
  /** What to do about it. */
  detail: string;
  /** The HTTP status, if there was a response. */
  status?: number | undefined;
  /** The ID of the request in the service's log. */
  requestId?: string | undefined;
  /** The invalid fields, if the code is `request_invalid`. */
  errors: { field: string; message: string }[];
  /** The seconds after which to try again, if the endpoint sent them. */
  retryAfter?: number | undefined;
  /** The error of `fetch`, if the code is `network_error`. */
  cause?: unknown;
}

export {};
