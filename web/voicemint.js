// Gets tokens of voice-AI providers from a Voicemint endpoint. Tokens are cached in memory only,
// fetched again before they expire, and returned only once if they are for single use. The types in
// voicemint.d.ts document the API.
//
// This file does not use AbortSignal.any, AbortSignal.prototype.throwIfAborted or
// AbortSignal.prototype.reason: React Native up to 0.86 has none of them, and Safari has all three
// only since 17.4.

/** An error response or a network failure, with the code and the advice of the endpoint. */
export class VoicemintError extends Error {
  name = "VoicemintError";

  constructor({ code, title, detail, status, request_id, errors = [], retryAfter }, options) {
    super(detail);
    Object.assign(this, { code, title, detail, status, requestId: request_id, errors, retryAfter }, options);
  }
}

const isObject = (value) => typeof value === "object" && value !== null;
const FUNCTION = ["a function", (value) => typeof value === "function"];

/** For each option: a description of valid values, and a check. */
const OPTIONS = {
  ask: ["an object", isObject],
  credentials: ['"omit", "same-origin" or "include"', (value) => ["omit", "same-origin", "include"].includes(value)],
  session: FUNCTION,
  onUnauthenticated: FUNCTION,
  onWait: FUNCTION,
  maxWait: ["a number of seconds", (value) => typeof value === "number" && value >= 0],
  fetch: FUNCTION,
};

/** Creates a source of tokens from one endpoint. */
export function createTokenSource(url, options = {}) {
  checkUrl(url);
  checkOptions(options);
  const { ask, credentials, session, onUnauthenticated, onWait, maxWait = 30 } = options;
  const send = options.fetch ?? ((...request) => fetch(...request));
  let cached; // a reusable token
  let prefetched; // a single-use token that has not been returned yet
  let pending; // the request that concurrent calls share
  let signingIn; // the promise of onUnauthenticated, while it is pending
  let singleUse = false; // `single_use` of the last response
  let user = ""; // the user of the last Bearer token
  let cleared = new AbortController(); // aborted by clear()
  let replaced = new AbortController(); // aborted by clear(), and by another user's Bearer token

  async function getToken({ signal } = {}) {
    const { bearer, ended } = await identify(signal);
    for (;;) {
      throwIfAborted(ended);
      throwIfAborted(signal);
      if (isFresh(cached)) return cached.value;
      // Removed before the next await, so that no other call gets it too.
      const candidate = prefetched;
      prefetched = undefined;
      if (isFresh(candidate)) return candidate.value;
      // Each call needs its own token. The first call during a prefetch takes that token.
      const token = await (singleUse && !pending ? request(signal, bearer) : join(signal, bearer));
      throwIfAborted(ended);
      if (!token.value.single_use || claim(token)) return token.value;
    }
  }

  async function prefetch({ signal } = {}) {
    const { bearer, ended } = await identify(signal);
    for (;;) {
      throwIfAborted(ended);
      throwIfAborted(signal);
      if (isFresh(cached) || isFresh(prefetched)) return;
      const token = await join(signal, bearer);
      throwIfAborted(ended);
      // A token that is stale on arrival is not requested again: the next one would be stale too.
      if (!token.value.single_use) return;
      if (claim(token)) {
        if (token.user === user) prefetched = token;
        return;
      }
    }
  }

  function clear() {
    forget();
    abort(cleared, clearedError());
    cleared = new AbortController();
  }

  /** Drops all tokens of the previous user, and rejects the calls that wait for one. */
  function forget() {
    drop("");
    abort(replaced, clearedError());
    replaced = new AbortController();
  }

  function drop(next) {
    cached = prefetched = pending = undefined;
    user = next;
  }

  async function signOut() {
    clear();
    const result = await call({ method: "DELETE" });
    if (!result.response.ok) throw responseError(result);
  }

  /**
   * Gets the app's Bearer token, and the signal that is aborted when the user changes. Drops tokens
   * of another user.
   */
  async function identify(signal) {
    // The caller awaits this, so a component that React's StrictMode mounts twice can abort before
    // a request is sent.
    throwIfAborted(signal);
    if (!session) return { ended: replaced.signal };
    const [{ signal: clearedSignal }, before] = [cleared, replaced];
    const bearer = await abortable([clearedSignal, signal], new Promise((resolve) => { resolve(session()); }));
    throwIfAborted(clearedSignal);
    // The error that fetch throws for such a header contains the session.
    assertArgument(!bearer || isLine(bearer), "session", "a function that returns one line of ASCII, or nothing");
    const nextUser = userOf(bearer);
    if (isSubject(nextUser) && isSubject(user) && nextUser !== user) {
      // A later call has already seen a newer user.
      if (replaced !== before) throw clearedError();
      forget();
    }
    // A Bearer token without a subject may be a refreshed one of the same user: pending calls go
    // on, but share nothing.
    if (nextUser !== user) drop(nextUser);
    return { bearer, ended: replaced.signal };
  }

  /** Waits for the shared request. The request is aborted when no call waits for it any more. */
  async function join(signal, bearer) {
    if (!pending) {
      const controller = new AbortController();
      const started = { controller, waiting: 0, result: request(controller.signal, bearer) };
      const end = () => { if (pending === started) pending = undefined; };
      started.result.then(end, end);
      pending = started;
    }
    const joined = pending;
    joined.waiting += 1;
    try {
      return await abortable([signal], joined.result);
    } finally {
      joined.waiting -= 1;
      if (joined.waiting === 0) {
        if (pending === joined) pending = undefined;
        joined.controller.abort();
      }
    }
  }

  /**
   * Requests a token, with retries. The Bearer token is for the first try: it may have changed
   * later.
   */
  async function request(signal, bearer) {
    const either = new AbortController();
    const ended = either.signal;
    const sources = [replaced.signal, signal].filter(Boolean);
    const stops = sources.map((source) => onAbort(source, () => abort(either, reasonOf(source))));
    let mayWait = maxWait;
    let maySignIn = Boolean(onUnauthenticated);
    let mayRetryExpired = true;
    try {
      for (let tries = 0; ; tries += 1) {
        try {
          const token = await abortable([ended], mint(ended, tries === 0 ? bearer : (await identify(ended)).bearer));
          throwIfAborted(ended);
          // The laptop was asleep during the request: the next token arrives in time.
          if (hasExpired(token) && mayRetryExpired) {
            mayRetryExpired = false;
            continue;
          }
          singleUse = token.value.single_use;
          if (!singleUse && token.user === user) cached = token;
          return token;
        } catch (error) {
          throwIfAborted(ended);
          // The app's own session() failed: its error is not from the endpoint, whatever status it
          // has.
          if (!(error instanceof VoicemintError)) throw error;
          if (error.status === 401 && maySignIn) {
            maySignIn = false;
            if (await abortable([ended], signIn(error))) continue;
          }
          if (error.status !== 429 && error.status !== 503) throw error;
          const wait = Math.max(error.retryAfter ?? 0, 2 ** tries / 2);
          if (wait > mayWait) throw error;
          mayWait -= wait;
          onWait?.(wait, error);
          await sleep(wait, ended);
        }
      }
    } finally {
      stops.forEach((stop) => stop());
    }
  }

  /** Asks the app to sign in, once for all calls that receive 401 in the meantime. */
  function signIn(error) {
    const end = () => { signingIn = undefined; };
    signingIn ??= new Promise((resolve) => { resolve(onUnauthenticated(error)); }).finally(end);
    return signingIn;
  }

  async function mint(signal, bearer) {
    throwIfAborted(signal);
    const headers = {};
    if (ask) headers["content-type"] = "application/json";
    if (bearer) headers.authorization = `Bearer ${bearer}`;
    const result = await call({ method: "POST", headers, signal, body: ask && JSON.stringify(ask) });
    const { response, body, sentAt } = result;
    if (!response.ok || typeof body?.token !== "string") throw responseError(result);
    // All callers get the same object.
    const frozen = Object.freeze({ ...body, source: response.headers.get("voicemint-source") });
    return { value: frozen, sentAt, ttl: body.expires_in, claimed: false, user: userOf(bearer) };
  }

  /**
   * Calls the endpoint. Retries once if the connection drops, as on a phone that returns from the
   * background.
   */
  async function call(init) {
    for (let isLast = false; ; isLast = true) {
      const sentAt = now(); // before the request, as the endpoint counts the lifetime
      let response;
      try {
        response = await send(url, { ...init, credentials });
        const text = await response.text();
        return { sentAt, url, response, text, body: parseJson(text) };
      } catch (cause) {
        throwIfAborted(init.signal);
        const invalid = !response && invalidUrl(cause);
        const detail = invalid || (response ? "The token endpoint's response was cut off." : unreachable(url));
        if (isLast || invalid) throw new VoicemintError({ code: "network_error", detail }, { cause });
        await sleep(Math.min(1, maxWait), init.signal);
      }
    }
  }

  return { getToken, prefetch, clear, signOut };
}

/**
 * Checks the form of a URL. Whether a relative URL can be resolved is left to fetch: server-side
 * rendering has no page.
 */
function checkUrl(url) {
  const address = typeof url === "string" ? url.trim() : url?.href; // apps may polyfill URL
  assertArgument(typeof address === "string" && address !== "", "url", 'a URL, such as "/cartesia/token"');
  assertArgument(!/^(?!https?:)[\w+.-]+:/i.test(address), "url", "a path, or a URL that begins with http:// or https://");
  assertArgument(!/^([a-z]+:)?\/\/[^/?#]*@/i.test(address), "url", "a URL without a user name and password");
}

/**
 * Rejects unknown options: with a misspelt `ask`, a token would have more permissions than
 * intended.
 */
function checkOptions(options) {
  assertArgument(isObject(options), "options", "an object");
  const names = Object.keys(OPTIONS);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!names.includes(name)) {
      throw new TypeError(`createTokenSource has no option "${name}". Its options are ${names.join(", ")}. Token request fields go into ask.`);
    }
    const [what, isValid] = OPTIONS[name];
    assertArgument(isValid(value), name, what);
  }
}

/** The message does not contain the value: it may be a session. */
function assertArgument(isValid, name, what) {
  if (!isValid) throw new TypeError(`createTokenSource: ${name} must be ${what}.`);
}

function clearedError() {
  return new VoicemintError({ code: "cleared", detail: "The token source was cleared, or another user signed in." });
}

function isLine(value) {
  return typeof value === "string" && /^[\t -~]+$/.test(value.trim());
}

/**
 * The user of a Bearer token: the issuer and subject of a JWT, or the token itself if it is not a
 * JWT.
 */
function userOf(bearer) {
  try {
    const { iss, sub } = JSON.parse(atob(bearer.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
    if (sub) return JSON.stringify([iss, sub]);
  } catch {
    // The token is opaque or encrypted, or there is none.
  }
  return String(bearer || "");
}

/** Whether a user is an issuer and a subject: a Bearer token contains no bracket. */
function isSubject(user) {
  return user.startsWith("[");
}

function claim(token) {
  return token.claimed ? false : (token.claimed = true);
}

/**
 * Two clocks: the monotonic clock stops while some laptops sleep, and the wall clock can be set
 * back.
 */
function now() {
  return { wall: Date.now(), steady: performance.now() };
}

/** Seconds since a token was requested. */
function age({ sentAt }) {
  const { wall, steady } = now();
  return Math.max(wall - sentAt.wall, steady - sentAt.steady) / 1000;
}

function isFresh(token) {
  if (!token) return false;
  const margin = Math.min(Math.max(5, token.ttl / 10), token.ttl / 2);
  return token.ttl - age(token) > margin;
}

/**
 * Whether a token has expired. A token without a lifetime does not count: the next would have none
 * either.
 */
function hasExpired(token) {
  return token.ttl > 0 && age(token) >= token.ttl;
}

/** The parsed JSON body, or undefined. */
function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function responseError({ url, response, text, body }) {
  const unexpected = { code: "unexpected_answer", detail: describeOtherServer(url, response, text, body) };
  const isOurs = typeof body?.code === "string" && typeof body.detail === "string";
  return new VoicemintError({ ...(isOurs ? body : unexpected), status: response.status, retryAfter: retryAfter(response) });
}

/** Responses of the local command (`make dev`) to a wrong path, method or host. */
const LOCAL_COMMAND = /^(This is Voicemint's local command |This path has another method: |This server was called )/;

/** Describes the response of another server, such as a dev server, a proxy or a sign-in page. */
function describeOtherServer(url, { status, ok, redirected, headers }, text, body) {
  const type = (headers.get("content-type") || "no content type").split(";")[0];
  // The body of a success is not quoted: it may contain a token.
  const isPlain = body === undefined && /^(text\/plain|no content type)$/.test(type) && !/^\s*</.test(text);
  const words = ok ? "" : isPlain ? text : body?.message;
  const quote = typeof words === "string" && words.trim() ? `: “${words.trim().replace(/\s+/g, " ").slice(0, 200)}”` : "";
  const answered = `answered ${status}${redirected ? " after a redirect" : ""} with ${type}${quote}.`;
  const path = pathOf(url);
  if (LOCAL_COMMAND.test(words)) {
    return `Voicemint's local command has no token endpoint there: it ${answered} Check the URL path ${path}.`;
  }
  const place = status >= 500
    ? `Is the server running that the proxy forwards ${path} to?`
    : `Check the URL, and that the dev server or proxy forwards ${path} to Voicemint.`;
  return `Voicemint did not answer: another server ${answered} ${place}`;
}

/** The path of a URL, without the query, which may contain a secret. */
function pathOf(url) {
  try {
    return absoluteUrl(url).pathname;
  } catch {
    return withoutQuery(String(url)); // there is no page, or the URL class is incomplete
  }
}

function withoutQuery(text) {
  return text.split(/[?#]/)[0];
}

function absoluteUrl(url) {
  return new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href);
}

/**
 * Describes a URL that fetch rejects. Its errors for an unreachable network do not mention the URL.
 */
function invalidUrl(thrown) {
  const { name, message } = Object(thrown);
  if (name !== "TypeError" || !/\bURLs?\b/.test(message)) return undefined;
  const place = globalThis.location ? "" : " Outside a page, the URL must be absolute.";
  return `The token endpoint cannot be called: ${withoutQuery(message).replace(/\.$/, "")}.${place}`;
}

/** Browsers do not tell pages whether a server is unreachable or CORS rejected the page. */
function unreachable(url) {
  const detail = "The token endpoint cannot be reached";
  const page = globalThis.location;
  try {
    if (absoluteUrl(url).origin === page.origin) return `${detail}.`;
  } catch {
    return `${detail}.`; // there is no page
  }
  return `${detail}, or its ALLOWED_ORIGINS does not list ${page.origin}; see the browser's console.`;
}

/** The seconds of a Retry-After header, which is a number or a date. */
function retryAfter(response) {
  const value = response.headers.get("retry-after");
  if (!value) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

const reasons = new WeakMap(); // the reasons of signals without a reason property

function abort(controller, reason) {
  reasons.set(controller.signal, reason);
  controller.abort(reason);
}

function reasonOf(signal) {
  return reasons.get(signal) ?? signal.reason ?? Object.assign(new Error("The call was aborted."), { name: "AbortError" });
}

function throwIfAborted(signal) {
  if (signal?.aborted) throw reasonOf(signal);
}

/** Calls back when a signal is aborted. Returns a function that removes the listener. */
function onAbort(signal, callback) {
  if (signal.aborted) callback();
  signal.addEventListener("abort", callback);
  return () => signal.removeEventListener("abort", callback);
}

function abortable(signals, promise) {
  return new Promise((resolve, reject) => {
    const stops = signals.filter(Boolean).map((signal) => onAbort(signal, () => reject(reasonOf(signal))));
    promise.then(resolve, reject).finally(() => stops.forEach((stop) => stop()));
  });
}

function sleep(seconds, signal) {
  let timer;
  // Timers are limited to 2^31 ms (25 days): longer ones fire immediately.
  const timeout = new Promise((resolve) => { timer = setTimeout(resolve, Math.min(seconds * 1000, 2 ** 31 - 1)); });
  return abortable([signal], timeout).finally(() => clearTimeout(timer));
}
