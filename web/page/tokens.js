// The tokens of the page, by the client in voicemint.js, and what happened when they were asked for.

import { createTokenSource } from "../voicemint.js";
import { watched } from "./exchange.js";
import { PROVIDERS } from "./providers.js";

/** `owner()` says who is signed in; `onChange` is called when there is something new to show. */
export function createTokens({ owner, onChange, onUnauthenticated }) {
  const sources = new Map(); // one for each thing that was asked for
  const exchanges = new Map(); // the last one with each provider's endpoint
  const waits = new Map(); // for how long, and until when, each endpoint is left in peace after 429 and 503

  /** An app that always asks for the same makes one source at its start. */
  function source(name, ask) {
    const key = `${name} ${JSON.stringify(ask)}`;
    if (!sources.has(key)) {
      sources.set(key, createTokenSource(`/${name}/token`, {
        ask,
        fetch: watched((asked, answer) => note(name, { asked, answer, owner: owner() })),
        maxWait: 120,
        onWait: (seconds) => {
          waits.set(name, { whole: seconds * 1000, until: performance.now() + seconds * 1000 });
          onChange();
        },
        onUnauthenticated,
      }));
    }
    return sources.get(key);
  }

  function note(name, exchange) {
    waits.delete(name);
    exchanges.set(name, exchange);
    onChange();
  }

  /** Gets a token ahead of its use, so that the use need not wait. */
  async function prefetch(name, ask, signal) {
    const before = exchanges.get(name);
    await settled(name, source(name, ask).prefetch({ signal }));
    if (before && before === exchanges.get(name)) before.fromMemory = true;
    onChange();
  }

  /** Gets a token for its use. */
  function getToken(name, ask, signal) {
    return settled(name, source(name, ask).getToken({ signal }));
  }

  /** However asking ends, be it that somebody stops it: nobody waits any more. */
  async function settled(name, asking) {
    try {
      return await asking;
    } catch (error) {
      if (error.code === "network_error") exchanges.set(name, { failure: error.detail });
      throw error;
    } finally {
      waits.delete(name);
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
    const wait = waits.get(name);
    if (wait) return ["waiting", `The page waits ${inWords(wait.whole)}, then asks again by itself.`, inWords(wait.until - performance.now())];
    if (!exchange) return ["none", ""];
    if (exchange.failure) return ["refused", exchange.failure];
    const { answer, fromMemory } = exchange;
    const { label } = PROVIDERS[name];
    if (!answer.body?.token) return ["refused", `The endpoint answered ${answer.status}.`, comeAgain(answer)];
    if (left(exchange) <= 0) return ["expired", "Get another one."];
    if (exchange.spent) return ["spent", `${label} has seen it, and takes it once.`];
    if (fromMemory) return [answer.source, "Still in the page’s memory, so there was no request."];
    if (answer.source === "resumed") return ["resumed", `Out of ${exchange.owner}’s cookie: ${label} was not called.`];
    return ["minted", `By ${label}, for ${exchange.owner}.`];
  }

  return { prefetch, getToken, clear, used, state, exchange: (name) => exchanges.get(name) };
}

/** Milliseconds that a token has left, counted as the endpoint does: from before it was asked for. */
export function left({ asked, answer }) {
  return answer.body.expires_in * 1000 - (performance.now() - asked.at);
}

/** Milliseconds as seconds to show. */
export function seconds(milliseconds) {
  return Math.max(0, Math.ceil(milliseconds / 1000));
}

/** Milliseconds as people say them; rounded up, as earlier would be too early. */
export function inWords(milliseconds) {
  const whole = seconds(milliseconds);
  if (whole <= 120) return `${whole} s`;
  const minutes = Math.ceil(whole / 60);
  const parts = [[Math.floor(minutes / 60), "h"], [minutes % 60, "min"]];
  return parts.filter(([count]) => count > 0).map((part) => part.join(" ")).join(" ");
}

/** When asking makes sense again, after a refusal that is not waited for. By the clock on the wall: it may be tomorrow. */
function comeAgain({ came, retryAfter }) {
  const rest = came + retryAfter * 1000 - Date.now();
  return retryAfter && rest > 0 ? `Come again in ${inWords(rest)}.` : "";
}
