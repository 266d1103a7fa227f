// Shows a token on the page. Sets text only, never markup, and never shows a whole token.

import { shortened, steps, withShortToken } from "./exchange.js";

export const $ = (id) => document.getElementById(id);

const BADGES = {
  none: "None yet",
  requesting: "Requesting",
  waiting: "Waiting",
  minted: "Minted",
  resumed: "Resumed",
  refused: "Refused",
  expired: "Expired",
  spent: "Used",
};

export function element(name, properties = {}, ...children) {
  const created = Object.assign(document.createElement(name), properties);
  created.append(...children);
  return created;
}

/** Shows the state line. Screen readers do not announce the countdown: it would be disruptive. */
export function showState(state, text, countdown = "") {
  const [badge, words, rest] = $("state").children;
  if (badge.textContent !== BADGES[state]) badge.textContent = BADGES[state];
  if (words.textContent !== text) words.textContent = text;
  badge.className = `badge ${state}`;
  rest.textContent = countdown;
}

/** Shows an exchange, except for what changes with time. */
export function showExchange(exchange, cookie) {
  const granted = exchange?.response.body?.token;
  $("exchange").hidden = !exchange;
  $("held").hidden = $("cookie").hidden = !granted;
  showProblem($("problem"), exchange && !granted ? exchange.response : undefined);
  if (!exchange) return;
  const { request, response } = exchange;
  $("request").textContent = `${request.method} ${request.url}${request.body ? `\n${pretty(JSON.parse(request.body))}` : ""}`;
  $("response").textContent = formatResponse(response);
  $("waterfall").replaceChildren(...bars(response));
  if (granted) {
    $("shortened").textContent = shortened(granted);
    showCookie(cookie, response.body.expires_in);
  }
}

/** Shows a problem document: its title, advice and code. */
export function showProblem(place, response) {
  place.hidden = !response;
  place.replaceChildren();
  if (!response) return;
  const { title = `Status ${response.status}`, detail = "The response is not from Voicemint.", code, errors = [] } = response.body ?? {};
  place.append(element("strong", { textContent: title }));
  if (errors.length === 0) place.append(element("p", { textContent: detail }));
  for (const { field, message } of errors) {
    place.append(element("p", {}, element("code", { textContent: field }), ` ${message}`));
  }
  if (code) place.append(element("p", { className: "note" }, element("code", { textContent: code })));
}

/** Shows the remaining fraction of a token's lifetime. */
export function showCountdown(left, words) {
  $("countdown").style.setProperty("--left", String(Math.max(0, left)));
  $("left").textContent = words;
}

function formatResponse({ status, source, timing, retryAfter, body }) {
  const headers = { "Voicemint-Source": source, "Server-Timing": timing, "Retry-After": retryAfter };
  const lines = Object.entries(headers).filter(([, value]) => value).map(([name, value]) => `${name}: ${value}`);
  const shown = withShortToken(body);
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
  const isVisible = document.cookie.includes(name);
  $("cookie-note").textContent = isVisible
    ? "This page's script can read it in document.cookie, which it should not. Clear this site's cookies."
    : "The endpoint sets this cookie unless it is too long for browsers. A script cannot see whether this browser has it: it is not in document.cookie. It contains the token, encrypted for its user only.";
}

function pretty(value) {
  return JSON.stringify(value, null, 2);
}
