// The page's tokens, from the client in voicemint.js, and the last request and response of each
// endpoint.

import { createTokenSource } from "../voicemint.js";
import { recorded } from "./exchange.js";

/**
 * `currentUser()` returns the signed-in user. `onChange` is called when the page has to be updated.
 */
export function createTokens({ providers, currentUser, onChange, onUnauthenticated }) {
  const sources = new Map(); // one per token request
  const exchanges = new Map(); // the last one of each provider's endpoint
  const waits = new Map(); // the duration and end of each endpoint's wait after 429 or 503

  /** An app with a fixed token request creates one source at its start. */
  function source(name, ask) {
    const key = `${name} ${JSON.stringify(ask)}`;
    if (!sources.has(key)) {
      sources.set(key, createTokenSource(`/${name}/token`, {
        ask,
        fetch: recorded((request, response) => record(name, { request, response, user: currentUser() })),
        maxWait: 120,
        onWait: (seconds) => {
          waits.set(name, { duration: seconds * 1000, until: performance.now() + seconds * 1000 });
          onChange();
        },
        onUnauthenticated,
      }));
    }
    return sources.get(key);
  }

  function record(name, exchange) {
    waits.delete(name);
    exchanges.set(name, exchange);
    onChange();
  }

  /** Prefetches a token, so that its use does not have to wait. */
  async function prefetch(name, ask, signal) {
    const before = exchanges.get(name);
    await settled(name, source(name, ask).prefetch({ signal }));
    if (before && before === exchanges.get(name)) before.fromMemory = true;
    onChange();
  }

  /** Gets a token to use. */
  function getToken(name, ask, signal) {
    return settled(name, source(name, ask).getToken({ signal }));
  }

  /** Ends the wait however the call ends, including when the user stops it. */
  async function settled(name, call) {
    try {
      return await call;
    } catch (error) {
      if (error.code === "network_error") exchanges.set(name, { failure: error.detail });
      throw error;
    } finally {
      waits.delete(name);
      onChange();
    }
  }

  /** Discards everything, as a reload does. */
  function clear() {
    for (const each of sources.values()) each.clear();
    exchanges.clear();
    onChange();
  }

  /** Records that a token was sent to its provider. */
  function used(name, { token, single_use }) {
    const exchange = exchanges.get(name);
    if (single_use && exchange?.response?.body?.token === token) exchange.spent = true;
    onChange();
  }

  /** The state of a provider's token: a key, a sentence, and a countdown. */
  function state(name) {
    const exchange = exchanges.get(name);
    const wait = waits.get(name);
    if (wait) return ["waiting", `The page waits ${formatDuration(wait.duration)}, then retries.`, formatDuration(wait.until - performance.now())];
    if (!exchange) return ["none", ""];
    if (exchange.failure) return ["refused", exchange.failure];
    const { response, fromMemory } = exchange;
    const { label } = providers[name];
    if (!response.body?.token) return ["refused", `The endpoint responded with ${response.status}.`, retryHint(response)];
    if (remaining(exchange) <= 0) return ["expired", "Get a new token."];
    if (exchange.spent) return ["spent", `It was sent to ${label}, which accepts it only once.`];
    if (fromMemory) return [response.source, "From the page’s memory, without a request."];
    if (response.source === "resumed") return ["resumed", `From ${exchange.user}’s cookie, without a call to ${label}.`];
    return ["minted", `By ${label}, for ${exchange.user}.`];
  }

  return { prefetch, getToken, clear, used, state, exchange: (name) => exchanges.get(name) };
}

/**
 * The remaining lifetime of a token in milliseconds, counted from before its request, as the
 * endpoint does.
 */
export function remaining({ request, response }) {
  return response.body.expires_in * 1000 - (performance.now() - request.at);
}

/** Milliseconds as whole seconds. */
export function seconds(milliseconds) {
  return Math.max(0, Math.ceil(milliseconds / 1000));
}

/** Formats milliseconds for the user. Rounds up, because an earlier retry would fail. */
export function formatDuration(milliseconds) {
  const total = seconds(milliseconds);
  if (total <= 120) return `${total} s`;
  const minutes = Math.ceil(total / 60);
  const parts = [[Math.floor(minutes / 60), "h"], [minutes % 60, "min"]];
  return parts.filter(([count]) => count > 0).map((part) => part.join(" ")).join(" ");
}

/** When to retry after an error. Uses the wall clock, because it may be tomorrow. */
function retryHint({ at, retryAfter }) {
  const rest = at + retryAfter * 1000 - Date.now();
  return retryAfter && rest > 0 ? `Try again in ${formatDuration(rest)}.` : "";
}
