// Tokens of voice-AI providers from a Voicemint endpoint: kept in memory alone, fetched anew before they expire, and never
// handed out twice where the provider takes each once. The types in voicemint.d.ts are the documentation of each part.

/** A refusal or a failure, with the code and the advice that the endpoint gave. */
export class VoicemintError extends Error {
  name = "VoicemintError";

  constructor({ code, title, detail, status, request_id, errors = [], retryAfter }, options) {
    super(detail, options);
    Object.assign(this, { code, title, detail, status, requestId: request_id, errors, retryAfter });
  }
}

/** A source of tokens from one endpoint. */
export function createTokenSource(url, options = {}) {
  const { ask, credentials, session, onUnauthenticated, onWait, maxWait = 30 } = options;
  const send = options.fetch ?? ((...request) => fetch(...request));
  let kept; // a reusable token
  let ahead; // a single-use token that nobody has got yet
  let shared; // the request that all who ask at the same time wait for
  let signingIn; // what onUnauthenticated gives, while it is under way
  let singleUse = false; // what the last answer said
  let lifetime = new AbortController(); // ends with clear()

  async function getToken({ signal } = {}) {
    const ended = lifetime.signal;
    for (;;) {
      signal?.throwIfAborted();
      if (isFresh(kept)) return kept.answer;
      // Taken out before anything is awaited, so that nobody else gets it too.
      const spare = ahead;
      ahead = undefined;
      if (isFresh(spare)) return spare.answer;
      // Each needs one of its own, but for the first to come while one is fetched ahead.
      const token = await (singleUse && !shared ? request(signal) : join(signal));
      ended.throwIfAborted();
      if (!token.answer.single_use || take(token)) return token.answer;
    }
  }

  async function prefetch({ signal } = {}) {
    const ended = lifetime.signal;
    for (;;) {
      signal?.throwIfAborted();
      if (isFresh(kept) || isFresh(ahead)) return;
      const token = await join(signal);
      ended.throwIfAborted();
      // Not asked for again where it is stale on arrival: the next one would be too.
      if (!token.answer.single_use) return;
      if (take(token)) {
        ahead = token;
        return;
      }
    }
  }

  function clear() {
    kept = ahead = shared = undefined;
    lifetime.abort(new VoicemintError({ code: "cleared", detail: "The token source was cleared meanwhile." }));
    lifetime = new AbortController();
  }

  async function signOut() {
    clear();
    const { response, body } = await call({ method: "DELETE" });
    if (!response.ok) throw refusal(response, body);
  }

  /** Waits for the one request that all share. It ends early when all who wait for it have gone. */
  async function join(signal) {
    if (!shared) {
      const gone = new AbortController();
      const mine = { gone, waiting: 0, result: request(gone.signal) };
      const end = () => { if (shared === mine) shared = undefined; };
      mine.result.then(end, end);
      shared = mine;
    }
    const joined = shared;
    joined.waiting += 1;
    try {
      return await unless(signal, joined.result);
    } finally {
      joined.waiting -= 1;
      if (joined.waiting === 0) {
        if (shared === joined) shared = undefined;
        joined.gone.abort();
      }
    }
  }

  /** Asks until there is a token, or no point in asking again. */
  async function request(signal) {
    const ended = AbortSignal.any([lifetime.signal, ...(signal ? [signal] : [])]);
    let mayWait = maxWait;
    let maySignIn = Boolean(onUnauthenticated);
    let mayAskAgain = true;
    for (let tries = 0; ; tries += 1) {
      try {
        const token = await unless(ended, mint(ended));
        ended.throwIfAborted();
        // Where a laptop slept meanwhile, the next one comes in time.
        if (isLate(token) && mayAskAgain) {
          mayAskAgain = false;
          continue;
        }
        singleUse = token.answer.single_use;
        if (!singleUse) kept = token;
        return token;
      } catch (error) {
        if (ended.aborted) throw ended.reason;
        // The app's own session() failed: that says nothing of the endpoint, whatever status it has.
        if (!(error instanceof VoicemintError)) throw error;
        if (error.status === 401 && maySignIn) {
          maySignIn = false;
          if (await unless(ended, signIn(error))) continue;
        }
        if (error.status !== 429 && error.status !== 503) throw error;
        const wait = Math.max(error.retryAfter ?? 0, 2 ** tries / 2);
        if (wait > mayWait) throw error;
        mayWait -= wait;
        onWait?.(wait, error);
        await sleep(wait, ended);
      }
    }
  }

  /** Has the app sign in, once for all who are refused meanwhile. */
  function signIn(error) {
    const end = () => { signingIn = undefined; };
    signingIn ??= new Promise((resolve) => { resolve(onUnauthenticated(error)); }).finally(end);
    return signingIn;
  }

  async function mint(signal) {
    const headers = {};
    if (ask) headers["content-type"] = "application/json";
    const bearer = await session?.();
    signal.throwIfAborted();
    if (bearer) headers.authorization = `Bearer ${bearer}`;
    const asked = now(); // before the request, as the endpoint counts
    const { response, body } = await call({ method: "POST", headers, signal, body: ask && JSON.stringify(ask) });
    if (response.ok && typeof body?.token === "string") {
      // All who ask are given the same one.
      const answer = Object.freeze({ ...body, source: response.headers.get("voicemint-source") });
      return { answer, asked, lasts: body.expires_in, taken: false };
    }
    throw refusal(response, body);
  }

  async function call(init) {
    try {
      const response = await send(url, { ...init, credentials });
      return { response, body: parsed(await response.text()) };
    } catch (cause) {
      const detail = "The token endpoint cannot be reached, or its answer broke off.";
      throw new VoicemintError({ code: "network_error", detail }, { cause });
    }
  }

  return { getToken, prefetch, clear, signOut };
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

function refusal(response, body) {
  const unexpected = { code: "unexpected_answer", detail: `The token endpoint answered ${response.status}.` };
  const problem = typeof body?.code === "string" ? body : unexpected;
  return new VoicemintError({ ...problem, status: response.status, retryAfter: retryAfter(response) });
}

/** Seconds to wait, out of a number or a date. */
function retryAfter(response) {
  const value = response.headers.get("retry-after");
  if (!value) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

function unless(signal, promise) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function sleep(seconds, signal) {
  let timer;
  // Timers count to 2^31 ms, 25 days: beyond that they go off at once.
  const over = new Promise((resolve) => { timer = setTimeout(resolve, Math.min(seconds * 1000, 2 ** 31 - 1)); });
  return unless(signal, over).finally(() => clearTimeout(timer));
}
