// Made of voicemint.js by commonjs.js, for CommonJS: change that one.
"use strict";

// Tokens of voice-AI providers from a Voicemint endpoint: kept in memory alone, fetched again before they expire, and never
// handed out twice where the provider takes each once. The types in voicemint.d.ts are the documentation of each part.
// Nothing here needs AbortSignal.any, throwIfAborted or a signal's reason: React Native has none of them up to 0.86, and
// Safari has all three from 17.4 on.

/** A refusal or a failure, with the code and the advice that the endpoint gave. */
class VoicemintError extends Error {
  name = "VoicemintError";

  constructor({ code, title, detail, status, request_id, errors = [], retryAfter }, options) {
    super(detail);
    Object.assign(this, { code, title, detail, status, requestId: request_id, errors, retryAfter }, options);
  }
}

const isObject = (value) => typeof value === "object" && value !== null;
const aFunction = ["a function", (value) => typeof value === "function"];

/** What each option must be. */
const OPTIONS = {
  ask: ["an object", isObject],
  credentials: ['"omit", "same-origin" or "include"', (value) => ["omit", "same-origin", "include"].includes(value)],
  session: aFunction,
  onUnauthenticated: aFunction,
  onWait: aFunction,
  maxWait: ["a number of seconds", (value) => typeof value === "number" && value >= 0],
  fetch: aFunction,
};

/** A source of tokens from one endpoint. */
function createTokenSource(url, options = {}) {
  checkUrl(url);
  checkOptions(options);
  const { ask, credentials, session, onUnauthenticated, onWait, maxWait = 30 } = options;
  const send = options.fetch ?? ((...request) => fetch(...request));
  let kept; // a reusable token
  let ahead; // a single-use token that nobody has got yet
  let shared; // the request that all who ask at the same time wait for
  let signingIn; // what onUnauthenticated gives, while it is under way
  let singleUse = false; // what the last answer said
  let user = ""; // whose Bearer came last
  let cleared = new AbortController(); // ends with clear()
  let replaced = new AbortController(); // ends with clear(), and when another user's Bearer comes

  async function getToken({ signal } = {}) {
    const { bearer, ended } = await identify(signal);
    for (;;) {
      check(ended);
      check(signal);
      if (isFresh(kept)) return kept.answer;
      // Taken out before anything is awaited, so that nobody else gets it too.
      const spare = ahead;
      ahead = undefined;
      if (isFresh(spare)) return spare.answer;
      // Each needs one of its own, but for the first to come while one is fetched ahead.
      const token = await (singleUse && !shared ? request(signal, bearer) : join(signal, bearer));
      check(ended);
      if (!token.answer.single_use || take(token)) return token.answer;
    }
  }

  async function prefetch({ signal } = {}) {
    const { bearer, ended } = await identify(signal);
    for (;;) {
      check(ended);
      check(signal);
      if (isFresh(kept) || isFresh(ahead)) return;
      const token = await join(signal, bearer);
      check(ended);
      // Not asked for again where it is stale on arrival: the next one would be too.
      if (!token.answer.single_use) return;
      if (take(token)) {
        if (token.user === user) ahead = token;
        return;
      }
    }
  }

  function clear() {
    forget();
    abort(cleared, wasCleared());
    cleared = new AbortController();
  }

  /** Forgets all that is another user's, and rejects the calls that wait for it. */
  function forget() {
    drop("");
    abort(replaced, wasCleared());
    replaced = new AbortController();
  }

  function drop(next) {
    kept = ahead = shared = undefined;
    user = next;
  }

  async function signOut() {
    clear();
    const answer = await call({ method: "DELETE" });
    if (!answer.response.ok) throw refusal(answer);
  }

  /** The app's Bearer, and what ends with its user. What was kept for another user is forgotten. */
  async function identify(signal) {
    // What is awaited here, be it nothing, lets a component leave that React's StrictMode mounts twice: nothing was sent then.
    check(signal);
    if (!session) return { ended: replaced.signal };
    const [{ signal: over }, before] = [cleared, replaced];
    const bearer = await unless([over, signal], new Promise((resolve) => { resolve(session()); }));
    check(over);
    // What fetch would say of such a header has the session in it.
    must(!bearer || isLine(bearer), "session", "a function that gives one line of ASCII, or nothing");
    const whose = userOf(bearer);
    if (isNamed(whose) && isNamed(user) && whose !== user) {
      // A call that asked later has seen already who came since.
      if (replaced !== before) throw wasCleared();
      forget();
    }
    // Where a Bearer names nobody it may be the same user's, refreshed: calls under way go on, but share nothing.
    if (whose !== user) drop(whose);
    return { bearer, ended: replaced.signal };
  }

  /** Waits for the one request that all share. It ends early when all who wait for it have gone. */
  async function join(signal, bearer) {
    if (!shared) {
      const gone = new AbortController();
      const mine = { gone, waiting: 0, result: request(gone.signal, bearer) };
      const end = () => { if (shared === mine) shared = undefined; };
      mine.result.then(end, end);
      shared = mine;
    }
    const joined = shared;
    joined.waiting += 1;
    try {
      return await unless([signal], joined.result);
    } finally {
      joined.waiting -= 1;
      if (joined.waiting === 0) {
        if (shared === joined) shared = undefined;
        joined.gone.abort();
      }
    }
  }

  /** Asks until there is a token, or no point in asking again. The Bearer is for the first time: later it may have changed. */
  async function request(signal, bearer) {
    const either = new AbortController();
    const ended = either.signal;
    const sources = [replaced.signal, signal].filter(Boolean);
    const stops = sources.map((source) => onAbort(source, () => abort(either, reasonOf(source))));
    let mayWait = maxWait;
    let maySignIn = Boolean(onUnauthenticated);
    let mayAskAgain = true;
    try {
      for (let tries = 0; ; tries += 1) {
        try {
          const token = await unless([ended], mint(ended, tries === 0 ? bearer : (await identify(ended)).bearer));
          check(ended);
          // Where a laptop slept meanwhile, the next one comes in time.
          if (isLate(token) && mayAskAgain) {
            mayAskAgain = false;
            continue;
          }
          singleUse = token.answer.single_use;
          if (!singleUse && token.user === user) kept = token;
          return token;
        } catch (error) {
          check(ended);
          // The app's own session() failed: that says nothing of the endpoint, whatever status it has.
          if (!(error instanceof VoicemintError)) throw error;
          if (error.status === 401 && maySignIn) {
            maySignIn = false;
            if (await unless([ended], signIn(error))) continue;
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

  /** Has the app sign in, once for all who are refused meanwhile. */
  function signIn(error) {
    const end = () => { signingIn = undefined; };
    signingIn ??= new Promise((resolve) => { resolve(onUnauthenticated(error)); }).finally(end);
    return signingIn;
  }

  async function mint(signal, bearer) {
    check(signal);
    const headers = {};
    if (ask) headers["content-type"] = "application/json";
    if (bearer) headers.authorization = `Bearer ${bearer}`;
    const answer = await call({ method: "POST", headers, signal, body: ask && JSON.stringify(ask) });
    const { response, body, asked } = answer;
    if (!response.ok || typeof body?.token !== "string") throw refusal(answer);
    // All who ask are given the same one.
    const frozen = Object.freeze({ ...body, source: response.headers.get("voicemint-source") });
    return { answer: frozen, asked, lasts: body.expires_in, taken: false, user: userOf(bearer) };
  }

  /** Calls the endpoint, once more where the connection drops: a phone's does when it comes back from the background. */
  async function call(init) {
    for (let isLast = false; ; isLast = true) {
      const asked = now(); // before the request, as the endpoint counts
      let response;
      try {
        response = await send(url, { ...init, credentials });
        const text = await response.text();
        return { asked, url, response, text, body: parsed(text) };
      } catch (cause) {
        check(init.signal);
        const wrong = !response && argumentFault(cause);
        const detail = wrong || (response ? "The token endpoint's answer broke off." : unreachable(url));
        if (isLast || wrong) throw new VoicemintError({ code: "network_error", detail }, { cause });
        await sleep(Math.min(1, maxWait), init.signal);
      }
    }
  }

  return { getToken, prefetch, clear, signOut };
}

/** Leaves to fetch whether a path will do: on a server that renders a page there is none, but nothing is asked for either. */
function checkUrl(url) {
  const address = typeof url === "string" ? url.trim() : url?.href; // by its form, as apps bring a URL class of their own
  must(typeof address === "string" && address !== "", "url", 'a URL, such as "/cartesia/token"');
  must(!/^(?!https?:)[\w+.-]+:/i.test(address), "url", "a path, or a URL that begins with http:// or https://");
  must(!/^([a-z]+:)?\/\/[^/?#]*@/i.test(address), "url", "a URL without a user name and password");
}

/** An option that is misspelt or misplaced would count for nothing: a token could do more than was meant. */
function checkOptions(options) {
  must(isObject(options), "options", "an object");
  const names = Object.keys(OPTIONS);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!names.includes(name)) {
      throw new TypeError(`createTokenSource has no option "${name}"; it has ${names.join(", ")}. What to mint goes into ask.`);
    }
    const [what, isRight] = OPTIONS[name];
    must(isRight(value), name, what);
  }
}

/** The value itself is not shown: it may be a session. */
function must(isRight, name, what) {
  if (!isRight) throw new TypeError(`createTokenSource: ${name} must be ${what}.`);
}

function wasCleared() {
  return new VoicemintError({ code: "cleared", detail: "The token source was cleared meanwhile, or another user signed in." });
}

function isLine(value) {
  return typeof value === "string" && /^[\t -~]+$/.test(value.trim());
}

/** Whose Bearer it is: the issuer and subject of a signed token, which outlive it; else the Bearer itself. */
function userOf(bearer) {
  try {
    const { iss, sub } = JSON.parse(atob(bearer.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
    if (sub) return JSON.stringify([iss, sub]);
  } catch {
    // It is opaque or encrypted, or there is no Bearer.
  }
  return String(bearer || "");
}

/** Whether it is an issuer and a subject: a Bearer has no bracket. */
function isNamed(user) {
  return user.startsWith("[");
}

function take(token) {
  return token.taken ? false : (token.taken = true);
}

/** Two clocks: the one stands still while some laptops sleep, the other is set back now and then. */
function now() {
  return { wall: Date.now(), steady: performance.now() };
}

/** Seconds since a token was asked for. */
function age({ asked }) {
  const { wall, steady } = now();
  return Math.max(wall - asked.wall, steady - asked.steady) / 1000;
}

function isFresh(token) {
  if (!token) return false;
  const margin = Math.min(Math.max(5, token.lasts / 10), token.lasts / 2);
  return token.lasts - age(token) > margin;
}

/** Whether it has expired; of one that never lasted, the next would not either. */
function isLate(token) {
  return token.lasts > 0 && age(token) >= token.lasts;
}

/** A body that is JSON; another one counts as none. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusal({ url, response, text, body }) {
  const unexpected = { code: "unexpected_answer", detail: noEndpoint(url, response, text, body) };
  const isOurs = typeof body?.code === "string" && typeof body.detail === "string";
  return new VoicemintError({ ...(isOurs ? body : unexpected), status: response.status, retryAfter: retryAfter(response) });
}

/** What `make dev` says where the path, the method or the host is wrong. */
const LOCAL = /^(This is Voicemint's local command |This path has another method: |This server was called )/;

/** Where to look when something else answered: a dev server, a proxy, a sign-in page. */
function noEndpoint(url, { status, ok, redirected, headers }, text, body) {
  const type = (headers.get("content-type") || "no content type").split(";")[0];
  // Of a success nothing is shown: a token may be in it.
  const isPlain = body === undefined && /^(text\/plain|no content type)$/.test(type) && !/^\s*</.test(text);
  const words = ok ? "" : isPlain ? text : body?.message;
  const said = typeof words === "string" && words.trim() ? `: “${words.trim().replace(/\s+/g, " ").slice(0, 200)}”` : "";
  const answered = `answered ${status}${redirected ? " after a redirect" : ""} with ${type}${said}.`;
  const path = pathOf(url);
  if (LOCAL.test(words)) {
    return `Voicemint's local command, but none of its endpoints, ${answered} Check the URL: ${path} was asked for.`;
  }
  const place = status >= 500
    ? `Is the server running to which a proxy passes ${path} on?`
    : `Check the URL, and that the dev server or proxy passes ${path} on to Voicemint.`;
  return `Not Voicemint, but another server ${answered} ${place}`;
}

/** The path that was asked for, without the query: that may be secret. */
function pathOf(url) {
  try {
    return absolute(url).pathname;
  } catch {
    return withoutQuery(String(url)); // there is no page, or no whole URL class
  }
}

function withoutQuery(text) {
  return text.split(/[?#]/)[0];
}

function absolute(url) {
  return new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href);
}

/** What fetch says of a URL that it cannot ask for; of a network that is away it says nothing of the URL. */
function argumentFault(thrown) {
  const { name, message } = Object(thrown);
  if (name !== "TypeError" || !/\bURLs?\b/.test(message)) return undefined;
  const place = globalThis.location ? "" : " Where there is no page, the URL must be absolute.";
  return `The token endpoint cannot be asked: ${withoutQuery(message).replace(/\.$/, "")}.${place}`;
}

/** Pages are not told whether a server is away or does not let them in. */
function unreachable(url) {
  const detail = "The token endpoint cannot be reached";
  const page = globalThis.location;
  try {
    if (absolute(url).origin === page.origin) return `${detail}.`;
  } catch {
    return `${detail}.`; // there is no page
  }
  return `${detail}, or its ALLOWED_ORIGINS lacks ${page.origin}; the browser's console says which.`;
}

/** Seconds to wait, out of a number or a date. */
function retryAfter(response) {
  const value = response.headers.get("retry-after");
  if (!value) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

const reasons = new WeakMap(); // why signals were aborted that cannot say so

function abort(controller, reason) {
  reasons.set(controller.signal, reason);
  controller.abort(reason);
}

function reasonOf(signal) {
  return reasons.get(signal) ?? signal.reason ?? Object.assign(new Error("This was aborted."), { name: "AbortError" });
}

function check(signal) {
  if (signal?.aborted) throw reasonOf(signal);
}

/** Calls back once a signal is aborted; gives what ends that. */
function onAbort(signal, callback) {
  if (signal.aborted) callback();
  signal.addEventListener("abort", callback);
  return () => signal.removeEventListener("abort", callback);
}

function unless(signals, promise) {
  return new Promise((resolve, reject) => {
    const stops = signals.filter(Boolean).map((signal) => onAbort(signal, () => reject(reasonOf(signal))));
    promise.then(resolve, reject).finally(() => stops.forEach((stop) => stop()));
  });
}

function sleep(seconds, signal) {
  let timer;
  // Timers count to 2^31 ms, 25 days: beyond that they go off at once.
  const over = new Promise((resolve) => { timer = setTimeout(resolve, Math.min(seconds * 1000, 2 ** 31 - 1)); });
  return unless([signal], over).finally(() => clearTimeout(timer));
}

module.exports = { VoicemintError, createTokenSource };
