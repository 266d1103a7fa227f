// Generated from web/voicemint.js by `make generate`. Do not edit.
"use strict";

// Gets tokens of voice-AI providers from a Voicemint endpoint, and opens sockets with them. Tokens
// are cached in memory only, fetched again before they expire, and returned only once if they are
// for single use. The types in voicemint.d.ts document the API.
//
// This file does not use AbortSignal.any, AbortSignal.prototype.throwIfAborted or
// AbortSignal.prototype.reason: React Native up to 0.86 has none of them, and Safari has all three
// only since 17.4.

/** An error response or a network failure, with the code and the advice of the endpoint. */
class VoicemintError extends Error {
  name = "VoicemintError";

  constructor({ request_id: requestId, errors = [], ...problem }, options) {
    super(problem.detail);
    Object.assign(this, problem, { requestId, errors }, options);
  }
}

const isObject = (value) => typeof value === "object" && value !== null;

/** What each option must be: the name of its type, or its values in quotes. */
const OPTIONS = {
  ask: "an object",
  credentials: '"omit", "same-origin" or "include"',
  session: "a function",
  onUnauthenticated: "a function",
  onWait: "a function",
  maxWait: "a number",
  fetch: "a function",
  WebSocket: "a function",
};

/** Creates a source of tokens from one endpoint. */
function createTokenSource(url, options = {}) {
  checkUrl(url);
  checkOptions(options);
  const { ask, credentials, session, onUnauthenticated, onWait, maxWait = 30 } = options;
  const send = options.fetch ?? ((...request) => fetch(...request));
  let kept; // a reusable token, or a single-use token that has not been returned yet
  let pending; // the request that concurrent calls share
  let singleUse = false; // `single_use` of the last response
  let mustRenew = false; // whether the cookie may have a token that opened no socket
  let user = ""; // the user of the last Bearer token
  let subject = ""; // the last user whose Bearer token had a subject, also after a sign-out
  let cleared = new AbortController(); // aborted by clear()
  let replaced = new AbortController(); // for calls of `subject`: aborted by clear(), and by another subject

  async function getToken(callOptions) {
    const [token, ended] = await take(callOptions);
    throwIfAborted(ended);
    return token.value;
  }

  async function prefetch(callOptions) {
    const [, ended] = await take(callOptions, true);
    throwIfAborted(ended);
  }

  /** Keeps a token for the next call, unless it belongs to another user. */
  function keepForNext(token) {
    if (token.user === user) kept = token;
  }

  /**
   * Takes a token for one call, or keeps it for the next. Returns it, a signal that is aborted when
   * the user changes, and whether the token is reusable and new.
   */
  async function take({ signal, onWait } = {}, keep = false) {
    const identity = await identify(signal);
    const [ended, bearer] = identity;
    for (;;) {
      throwIfAborted(ended);
      throwIfAborted(signal);
      // Another call may have seen another user since then: this one shares nothing with it.
      const isAlone = userOf(bearer) !== user;
      if (!isAlone && kept) {
        const found = kept;
        // Removed before the next await, so that no other call gets it too.
        if (!keep && found.value.single_use) kept = undefined;
        if (isFresh(found)) return [found, ended];
      }
      // Each call needs its own token. The first call during a prefetch takes that token.
      const token = await (isAlone || (singleUse && !pending && !keep) ? request(identity, signal, [onWait]) : join(identity, signal, onWait));
      throwIfAborted(ended);
      // A token that is stale on arrival is not requested again: the next one would be stale too.
      if (!token.value.single_use) return [token, ended, token.value.source !== "resumed"];
      if (token.isTaken) continue;
      token.isTaken = true;
      if (keep) keepForNext(token);
      return [token, ended];
    }
  }

  /** Opens a socket of a token. Tries once more with another token if that may help. */
  async function connect(name, { query = {}, ...callOptions } = {}) {
    const { signal, onWait, ...others } = callOptions;
    assertArgument(isQuery(query), "query", "an object of strings, numbers and booleans");
    assertArgument(!Object.keys(others)[0], "options", "query, signal and onWait");
    const WebSocket = options.WebSocket ?? globalThis.WebSocket;
    assertArgument(WebSocket, "WebSocket", "given: there is none");
    for (let failed; ;) {
      const [token, ended, isNew] = await take(callOptions);
      [failed?.ended, ended, signal].forEach(throwIfAborted);
      if (failed?.token === token.value.token) throw failed.error;
      let address;
      try {
        address = addressOf(token.value, name, query);
      } catch (error) {
        // The token was not used.
        if (token.value.single_use) keepForNext(token);
        throw error;
      }
      const [socket, failure] = await open(WebSocket, address, [ended, signal]);
      if (!failure) return socket;
      const error = new VoicemintError({ code: "connection_failed", detail: `The socket ${name} did not open: ${failure}. Check the query.` });
      // A handshake that broke off can have spent a single-use token, and an older token may have
      // become invalid. A reusable token that is new would fail again.
      if (failed || !socket || (isNew && !hasExpired(token))) throw error;
      if (kept === token) {
        kept = undefined;
        mustRenew = true;
      }
      failed = { ...token.value, ended, error };
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
    subject = "";
    abort(replaced, clearedError());
    replaced = new AbortController();
  }

  function drop(next) {
    kept = pending = undefined;
    user = next;
  }

  async function signOut() {
    clear();
    const result = await call({ method: "DELETE" });
    if (result.response.status !== 204) throw responseError(result);
  }

  /**
   * Gets the app's Bearer token, and the signal that is aborted when the user changes: for a call
   * without a subject, only by clear(), because it may go on as the user who signs in. Drops tokens
   * of another user.
   */
  async function identify(signal) {
    // The caller awaits this, so a component that React's StrictMode mounts twice can abort before
    // a request is sent.
    throwIfAborted(signal);
    if (!session) return [cleared.signal];
    const clearedSignal = cleared.signal;
    const before = replaced;
    const bearer = await abortable([clearedSignal, signal], (async () => session())());
    throwIfAborted(clearedSignal);
    // The error that fetch throws for such a header contains the session.
    assertArgument(!bearer || (typeof bearer === "string" && /^[\t -~]*[!-~][\t -~]*[\r\n]*$/.test(bearer)), "session", "a function that returns one line of ASCII or nothing");
    const nextUser = userOf(bearer);
    const isSubject = nextUser.startsWith("["); // a Bearer token contains no bracket
    if (isSubject) {
      if (subject && nextUser !== subject) {
        // A later call has already seen a newer user.
        if (replaced !== before) throw clearedError();
        forget();
      }
      subject = nextUser;
    }
    // A Bearer token without a subject may be a refreshed one of the same user: pending calls go
    // on, but share nothing.
    if (nextUser !== user) drop(nextUser);
    return [isSubject ? replaced.signal : clearedSignal, bearer];
  }

  /** Waits for the shared request. The request is aborted when no call waits for it any more. */
  async function join(identity, signal, onWait) {
    if (!pending) {
      const started = { controller: new AbortController(), listeners: new Set() };
      started.end = () => { if (pending === started) pending = undefined; };
      started.result = request(identity, started.controller.signal, started.listeners).finally(started.end);
      pending = started;
    }
    const joined = pending;
    const listener = (...wait) => onWait?.(...wait); // one per call, so that it counts the calls
    joined.listeners.add(listener);
    try {
      return await abortable([signal], joined.result);
    } finally {
      joined.listeners.delete(listener);
      if (joined.listeners.size === 0) {
        joined.end();
        joined.controller.abort();
      }
    }
  }

  /**
   * Requests a token, with retries. The identity is that of the first try: it may have changed
   * later. The listeners are called before a wait.
   */
  async function request([userEnded, bearer], signal, listeners) {
    const either = new AbortController();
    const ended = either.signal;
    const end = (reason) => abort(either, reason);
    const stops = [onAbort([userEnded, signal], end)];
    let mayWait = maxWait;
    let maySignIn = onUnauthenticated;
    let mayRetryExpired = true;
    try {
      for (let tries = 0; ; tries += 1) {
        try {
          if (tries > 0) {
            [userEnded, bearer] = await identify(ended);
            stops.push(onAbort([userEnded], end)); // the call ends with any user that it was for
          }
          const token = await abortable([ended], mint(ended, bearer));
          throwIfAborted(ended);
          // The laptop was asleep during the request: the next token arrives in time.
          if (hasExpired(token) && mayRetryExpired) {
            mayRetryExpired = false;
            continue;
          }
          singleUse = token.value.single_use;
          if (!singleUse) keepForNext(token);
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
          mayWait -= wait;
          if (!(mayWait >= 0)) throw error;
          onWait?.(wait, error);
          // An error of one call's function does not reject the others.
          listeners.forEach(async (listener) => listener?.(wait, error));
          await sleep(wait, ended);
        }
      }
    } finally {
      stops.forEach((stop) => stop());
    }
  }

  /** Asks the app to sign in, once for all calls that receive 401 in the meantime. */
  function signIn(error) {
    const holder = cleared; // clear() ends the calls that wait
    return holder.signingIn ??= (async () => onUnauthenticated(error))().finally(() => { holder.signingIn = undefined; });
  }

  async function mint(signal, bearer) {
    throwIfAborted(signal);
    if (mustRenew) {
      await call({ method: "DELETE", signal }); // otherwise the endpoint returns the same token again
      mustRenew = false;
    }
    const headers = {};
    if (ask) headers["content-type"] = "application/json";
    if (bearer) headers.authorization = `Bearer ${bearer}`;
    const result = await call({ method: "POST", headers, signal, body: ask && JSON.stringify(ask) });
    const { response, body, sentAt } = result;
    if (!response.ok || typeof body?.token !== "string") throw responseError(result);
    // All callers get the same object.
    const frozen = Object.freeze({ ...body, source: response.headers.get("voicemint-source") });
    return { value: frozen, sentAt, ttl: body.expires_in, user: userOf(bearer) };
  }

  /**
   * Calls the endpoint. Retries once if the connection drops, as on a phone that returns from the
   * background.
   */
  async function call(init) {
    for (let isLast = false; ; isLast = true) {
      const sentAt = [Date.now(), performance.now()]; // before the request, as the endpoint counts the lifetime
      let response;
      try {
        response = await send(url, { ...init, credentials });
        const text = await response.text();
        return { sentAt, url, response, text, body: attempt(() => JSON.parse(text, (_, value) => Object.freeze(value))) };
      } catch (cause) {
        throwIfAborted(init.signal);
        const invalid = !response && invalidUrl(cause);
        const detail = invalid || (response ? "The response was cut off." : unreachable(url));
        if (isLast || invalid) throw new VoicemintError({ code: "network_error", detail }, { cause });
        await sleep(Math.min(1, maxWait), init.signal);
      }
    }
  }

  return { getToken, connect, prefetch, clear, signOut };
}

/**
 * Checks the form of a URL. Whether a relative URL can be resolved is left to fetch: server-side
 * rendering has no page.
 */
function checkUrl(url) {
  const address = typeof url === "string" ? url.trim() : url?.href; // apps may polyfill URL
  const isValid = address && !/^(?!https?:)[\w+.-]+:/i.test(address) && !/^([a-z]+:)?\/\/[^/?#]*@/i.test(address);
  assertArgument(isValid, "url", 'a path such as "/cartesia/token", or an http URL without credentials');
}

/**
 * Rejects unknown options: with a misspelt `ask`, a token would have more permissions than
 * intended.
 */
function checkOptions(options) {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const names = Object.keys(OPTIONS);
    assertArgument(names.includes(name), `option "${name}"`, `one of ${names.join(", ")}; token request fields go into ask`);
    const what = OPTIONS[name];
    assertArgument(value !== null && (what.includes(typeof value) || what.includes(`"${value}"`)), name, what);
  }
}

/** Whether a query is a plain object: URLSearchParams, for example, have no own members. */
function isQuery(query) {
  return isObject(query) && !query[Symbol.iterator] && !Object.values(query).flat().some(isObject);
}

/** The message does not contain the value: it may be a session. */
function assertArgument(isValid, name, what) {
  if (!isValid) throw new TypeError(`voicemint: ${name} must be ${what}.`);
}

/** The URL of a token's socket, with the query, and the subprotocols. */
function addressOf({ connect = {} }, name, query) {
  const { url, protocols } = connect[name] ?? {};
  if (!url) {
    throw new VoicemintError({ code: "socket_missing", detail: `The token has no such socket; it has ${Object.keys(connect).join(", ") || "none"}. Check ask.` });
  }
  // The text of the URL stays as it is: it may be signed.
  let [path] = url.split("?");
  let rest = url.slice(path.length);
  for (const [key, values] of Object.entries(query)) {
    for (const value of [values].flat()) {
      if (value == null) continue;
      const parameter = [key, value].map(encodeURIComponent);
      // Not "", "." or "..", which would change the path.
      const filled = /^\.{0,2}$/.test(value) ? path : path.replace(`{${key}}`, parameter[1]);
      if (filled === path) rest += (rest ? "&" : "?") + parameter.join("=");
      path = filled;
    }
  }
  const missing = /{(\w+)}/.exec(path);
  assertArgument(!missing, `query.${missing?.[1]}`, "given: the URL contains it");
  return [path + rest, protocols];
}

/** Opens a socket. Returns it, if the platform creates it, and what failed, if it does not open. */
async function open(WebSocket, [url, protocols], signals) {
  let socket;
  const result = new Promise((resolve) => {
    socket = new WebSocket(url, protocols);
    Object.assign(socket, {
      binaryType: "arraybuffer",
      onopen: () => {
        // The package ws may have a message already, which it would emit before the caller listens.
        socket.pause?.();
        setTimeout(() => socket.resume?.());
        resolve();
      },
      onclose: ({ code }) => resolve(`close code ${code}`),
      onerror: () => setTimeout(() => resolve("no close code")), // the event close follows, on most platforms
    });
  });
  try {
    // The message of an exception contains the URL, and so the token.
    const failure = await abortable(signals, result.catch((thrown) => `${thrown?.name}`));
    if (!failure) socket.onopen = socket.onclose = socket.onerror = null;
    return [socket, failure];
  } catch (reason) {
    socket?.close();
    throw reason;
  }
}

function clearedError() {
  return new VoicemintError({ code: "cleared", detail: "The token source was cleared, or another user signed in." });
}

/**
 * The user of a Bearer token: the issuer and subject of a JWT, or the token itself if it is not a
 * JWT.
 */
function userOf(bearer) {
  const { iss, sub } = attempt(() => JSON.parse(atob(bearer.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")))) ?? {};
  return sub ? JSON.stringify([iss, sub]) : bearer || "";
}

/**
 * Seconds since a token was requested, by two clocks: the monotonic clock stops while some laptops
 * sleep, and the wall clock can be set back.
 */
function age({ sentAt }) {
  return Math.max(Date.now() - sentAt[0], performance.now() - sentAt[1]) / 1000;
}

function isFresh(token) {
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

/** What a function returns, or undefined if it throws. */
function attempt(action) {
  try {
    return action();
  } catch {
    return undefined;
  }
}

function responseError({ url, response: { status, ok, redirected, headers }, text, body }) {
  const after = headers.get("retry-after"); // seconds, or a date
  const seconds = /^\d+$/.test(after) ? +after : (Date.parse(after) - Date.now()) / 1000;
  const problem = { status, retryAfter: seconds >= 0 ? seconds : undefined };
  if (body?.code && typeof body.detail === "string") return new VoicemintError({ ...body, ...problem });
  // Another server responded, such as a dev server, a proxy or a sign-in page. The body of a
  // success is not quoted, because it may contain a token. Neither are HTML and JSON.
  const quoted = (!ok && (body?.message ?? /^[^<{[]*$/.exec(text)?.[0])) || "";
  const words = `${quoted}`.trim().replace(/\s+/g, " ").slice(0, 200);
  const type = (headers.get("content-type") || "no content type").split(";")[0];
  const path = withoutQuery(parseUrl(url)?.pathname ?? `${url}`); // a query may contain a secret
  const answered = `a server answered ${status}${redirected ? " after a redirect" : ""} with ${type}${words && `: "${words}"`}`;
  const detail = `No token endpoint: ${answered}. Check the URL, and that the proxy or dev server forwards ${path} to Voicemint.`;
  return new VoicemintError({ code: "unexpected_answer", detail, ...problem });
}

function withoutQuery(text) {
  return text.split(/[?#]/)[0];
}

/** The absolute URL, or undefined if it is relative and there is no page. */
function parseUrl(url) {
  return attempt(() => new URL(url, globalThis.document?.baseURI));
}

/**
 * Describes a URL that fetch rejects. Its errors for an unreachable network do not mention the URL.
 */
function invalidUrl(thrown) {
  const { message } = Object(thrown);
  if (!/\bURLs?\b/.test(message)) return undefined;
  const place = globalThis.location ? "" : " Outside a page, the URL must be absolute.";
  return `The token endpoint cannot be called: ${withoutQuery(message).replace(/\.$/, "")}.${place}`;
}

/** Browsers do not tell pages whether a server is unreachable or CORS rejected the page. */
function unreachable(url) {
  const origin = parseUrl(url)?.origin;
  const page = globalThis.location?.origin;
  const cors = origin && page && origin !== page ? `, or its ALLOWED_ORIGINS does not list ${page}` : "";
  return `The token endpoint cannot be reached${cors}.`;
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

/**
 * Calls back with the reason when one of the signals is aborted. Returns a function that removes
 * the listeners.
 */
function onAbort(signals, callback) {
  const stops = signals.map((signal) => {
    const listener = () => callback(reasonOf(signal));
    if (signal?.aborted) listener();
    signal?.addEventListener("abort", listener);
    return () => signal?.removeEventListener("abort", listener);
  });
  return () => stops.forEach((stop) => stop());
}

function abortable(signals, promise) {
  let stop;
  return new Promise((resolve, reject) => {
    stop = onAbort(signals, reject);
    promise.then(resolve, reject);
  }).finally(stop);
}

function sleep(seconds, signal) {
  let timer;
  // Timers are limited to 2^31 ms (25 days): longer ones fire immediately.
  const start = (resolve) => { timer = setTimeout(resolve, Math.min(seconds * 1000, 2 ** 31 - 1)); };
  return abortable([signal], new Promise(start)).finally(() => clearTimeout(timer));
}

module.exports = { VoicemintError, createTokenSource };
