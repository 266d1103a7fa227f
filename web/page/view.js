// What the page shows of a token. Texts alone are ever set, never markup, and never a whole token.

import { shortened, steps } from "./exchange.js";

export const $ = (id) => document.getElementById(id);

const BADGES = {
  none: "None yet",
  asking: "Asking",
  waiting: "Waiting",
  minted: "Minted",
  resumed: "Resumed",
  refused: "Refused",
  expired: "Expired",
  spent: "Spent",
};

export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** The one line that says how things are. What counts down is for eyes: read aloud, it would be a nuisance. */
export function showState(state, text, countdown = "") {
  const [badge, words, rest] = $("state").children;
  if (badge.textContent !== BADGES[state]) badge.textContent = BADGES[state];
  if (words.textContent !== text) words.textContent = text;
  badge.className = `badge ${state}`;
  rest.textContent = countdown;
}

/** All of an exchange but what changes with time; nothing where there was none. */
export function showExchange(exchange, cookie) {
  const granted = exchange?.answer.body?.token;
  $("exchange").hidden = !exchange;
  $("held").hidden = $("cookie").hidden = !granted;
  showProblem($("problem"), exchange && !granted ? exchange.answer : undefined);
  if (!exchange) return;
  const { asked, answer } = exchange;
  $("asked").textContent = `${asked.method} ${asked.url}${asked.body ? `\n${pretty(JSON.parse(asked.body))}` : ""}`;
  $("answered").textContent = cameBack(answer);
  $("waterfall").replaceChildren(...bars(answer));
  if (granted) {
    $("shortened").textContent = shortened(granted);
    showCookie(cookie, answer.body.expires_in);
  }
}

/** A problem document as a human reads it: what is wrong, what to do, and the code to look up. */
export function showProblem(place, answer) {
  place.hidden = !answer;
  place.replaceChildren();
  if (!answer) return;
  const { title = `Status ${answer.status}`, detail = "The answer is not one of Voicemint's.", code, errors = [] } = answer.body ?? {};
  place.append(element("strong", { textContent: title }));
  if (errors.length === 0) place.append(element("p", { textContent: detail }));
  for (const { field, message } of errors) {
    place.append(element("p", {}, element("code", { textContent: field }), ` ${message}`));
  }
  if (code) place.append(element("p", { className: "note" }, element("code", { textContent: code })));
}

/** How much of a token's time is left, of 1. */
export function showCountdown(left, words) {
  $("countdown").style.setProperty("--left", String(Math.max(0, left)));
  $("left").textContent = words;
}

function cameBack({ status, source, timing, retryAfter, body }) {
  const headers = { "Voicemint-Source": source, "Server-Timing": timing, "Retry-After": retryAfter };
  const lines = Object.entries(headers).filter(([, value]) => value).map(([name, value]) => `${name}: ${value}`);
  const shown = body?.token ? { ...body, token: shortened(body.token) } : body;
  return [String(status), ...lines, "", pretty(shown ?? null)].join("\n");
}

function bars({ timing, took }) {
  let start = 0;
  return steps(timing, took).map(({ name, ms }) => {
    const bar = element("i", { className: name });
    bar.style.setProperty("--start", String(start / took));
    bar.style.setProperty("--size", String(ms / took));
    start += ms;
    return element("li", {}, element("span", { textContent: name }), bar, element("span", { textContent: `${ms.toFixed(1)} ms` }));
  });
}

function showCookie(name, seconds) {
  $("cookie-line").textContent = `${name}=<sealed>; HttpOnly; Secure; SameSite=Strict; Path=/; Max-Age=${seconds}`;
  const seen = document.cookie.includes(name);
  $("cookie-note").textContent = seen
    ? "This page's script sees it in document.cookie: it should not. Clear this site's cookies."
    : "The endpoint sets it unless it is longer than browsers take. Whether this browser has it, no script can see: looked for it in document.cookie just now, and it is not there. It holds the token encrypted, for its owner alone.";
}

function pretty(value) {
  return JSON.stringify(value, null, 2);
}
