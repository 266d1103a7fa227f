// The tokens of the page, by the client in voicemint.js, and what happened when they were asked for.

import { createTokenSource } from "../voicemint.js";
import { watched } from "./exchange.js";
import { PROVIDERS } from "./providers.js";

/** `owner()` says who is signed in; `onChange` is called when there is something new to show. */
export function createTokens({ owner, onChange, onUnauthenticated }) {
  const sources = new Map(); // one for each thing that was asked for
  const exchanges = new Map(); // the last one with each provider's endpoint
  let waiting; // until when, after 429 and 503

  /** An app that always asks for the same makes one source at its start. */
  function source(name, ask) {
    const key = `${name} ${JSON.stringify(ask)}`;
    if (!sources.has(key)) {
      sources.set(key, createTokenSource(`/${name}/token`, {
        ask,
        fetch: watched((asked, answer) => note(name, { asked, answer, owner: owner() })),
        maxWait: 120,
        onWait: (seconds, { detail }) => {
          waiting = { until: performance.now() + seconds * 1000, detail };
          onChange();
        },
        onUnauthenticated,
      }));
    }
    return sources.get(key);
  }

  function note(name, exchange) {
    waiting = undefined;
    exchanges.set(name, exchange);
    onChange();
  }

  /** Gets a token ahead of its use, so that the use need not wait. */
  async function prefetch(name, ask, signal) {
    const before = exchanges.get(name);
    try {
      await source(name, ask).prefetch({ signal });
      if (before && before === exchanges.get(name)) before.fromMemory = true;
    } catch (error) {
      if (error.code === "network_error") exchanges.set(name, { failure: error.detail });
      throw error;
    } finally {
      waiting = undefined;
      onChange();
    }
  }

  /** Forgets all, as a reload would. */
  function clear() {
    for (const each of sources.values()) each.clear();
    exchanges.clear();
    onChange();
  }

  /** Notes that a provider has seen a token. */
  function used(name, { token, single_use }) {
    const exchange = exchanges.get(name);
    if (single_use && exchange?.answer?.body?.token === token) exchange.spent = true;
    onChange();
  }

  /** How things are with a provider's token: in a word, in a sentence, and what counts down. */
  function state(name) {
    const exchange = exchanges.get(name);
    if (waiting) return ["waiting", `${waiting.detail} The page asks again by itself.`, `${seconds(waiting.until - performance.now())} s`];
    if (!exchange) return ["none", ""];
    if (exchange.failure) return ["refused", exchange.failure];
    const { answer, fromMemory } = exchange;
    const { label } = PROVIDERS[name];
    if (!answer.body?.token) return ["refused", `The endpoint answered ${answer.status}.`];
    if (left(exchange) <= 0) return ["expired", "Get another one."];
    if (exchange.spent) return ["spent", `${label} has seen it, and takes it once.`];
    if (fromMemory) return [answer.source, "Still in the page’s memory, so there was no request."];
    if (answer.source === "resumed") return ["resumed", `Out of ${exchange.owner}’s cookie: ${label} was not called.`];
    return ["minted", `By ${label}, for ${exchange.owner}.`];
  }

  return { source, prefetch, clear, used, state, exchange: (name) => exchanges.get(name) };
}

/** Milliseconds that a token has left, counted as the endpoint does: from before it was asked for. */
export function left({ asked, answer }) {
  return answer.body.expires_in * 1000 - (performance.now() - asked.at);
}

/** Milliseconds as seconds to show. */
export function seconds(milliseconds) {
  return Math.max(0, Math.ceil(milliseconds / 1000));
}
