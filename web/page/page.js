// The page of `make dev`: signs in, gets tokens, uses them, and shows what happens.

import { VoicemintError } from "../voicemint.js";
import { PROVIDERS } from "./providers.js";
import { forgetUser, onOtherTab, rememberedUser, signIn, signOut } from "./session.js";
import { createTokens, left, seconds } from "./tokens.js";
import { hear, write } from "./use.js";
import { $, showCountdown, showExchange, showProblem, showState } from "./view.js";

const tokens = createTokens({
  owner: () => user,
  onChange: showToken,
  onUnauthenticated: () => {
    // An app would refresh its session here and give true, to be asked once more.
    forgetUser();
    showUser(undefined);
    $("user").focus();
  },
});
const deployment = await (await fetch("/deployment.json")).json();
let user; // who is signed in, as far as the page knows
let notice; // what to say as long as nothing was asked
const asking = new Map(); // by provider: the request that is under way
let using; // the connection that is under way
let last; // the single-use token that was used last, where and for what

// Signing in and out.

async function onSignIn(form) {
  const before = user;
  try {
    const name = await signIn(new FormData(form));
    const other = before && before !== name;
    becomes(name, other && `${before}’s tokens are forgotten. The cookies are still here, but they open for ${before} alone.`);
  } catch (error) {
    $("signed-in").textContent = error.message;
  }
}

async function onSignOut() {
  try {
    await signOut();
  } catch (error) {
    $("signed-in").textContent = `Still signed in as ${user}: ${error.message}`;
    return;
  }
  becomes(undefined);
  $("user").focus();
}

/** Somebody else is here: nothing of whoever was here before may be used. */
function becomes(name, words) {
  using?.abort();
  showUser(name);
  notice = words || (name ? "Get one: what is asked and what comes back will be here." : "Sign in first.");
  forget();
}

function showUser(name) {
  user = name;
  $("signed-in").textContent = name ? `Signed in as ${name}.` : "Nobody is signed in. Any name will do.";
  $("sign-out").hidden = !name;
}

function forget() {
  last = undefined;
  $("again").hidden = true;
  showProblem($("refused"));
  tokens.clear();
}

// Getting a token.

const form = () => new FormData($("ask-form"));
const provider = () => form().get("provider");
const ask = () => PROVIDERS[provider()].ask(form());

async function get() {
  const name = provider();
  if (asking.has(name)) return asking.get(name).press();
  if (isRefusedHere($("problem"))) return;
  const request = begin(showToken);
  asking.set(name, request);
  showToken();
  try {
    await tokens.prefetch(name, ask(), request.signal);
  } catch (error) {
    if (!isShown(error)) throw error;
  } finally {
    request.end();
    asking.delete(name);
    showToken();
  }
}

/**
 * Something that the button which began it stops: once that says Stop, which `onMayStop` shows. The second click of somebody who
 * always clicks twice does not, as a token may be spent by then.
 */
function begin(onMayStop) {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const begun = {
    signal: controller.signal,
    abort,
    stop: abort,
    mayStop: false,
    press: () => { if (begun.mayStop) begun.stop(); },
    end: () => clearTimeout(timer),
  };
  const timer = setTimeout(() => {
    begun.mayStop = true;
    onMayStop();
  }, 500);
  return begun;
}

/** Says so where a field has no number: a form gives nothing for it, as if it were empty, and that would be another ask. */
function isRefusedHere(place) {
  const fields = document.querySelectorAll("[data-fields]:not([hidden]) input");
  const field = [...fields].find(({ validity }) => validity.badInput);
  if (!field) return false;
  showProblem(place, { body: { title: "Nothing was asked.", errors: [{ field: field.name, message: "must be a number" }] } });
  field.focus();
  return true;
}

/** Refusals are on the page already, and who stops a request knows. */
function isShown(error) {
  return error instanceof VoicemintError || error.name === "AbortError";
}

function showToken() {
  const name = provider();
  const exchange = tokens.exchange(name);
  $("get").textContent = asking.get(name)?.mayStop ? "Stop" : "Get a token";
  showExchange(exchange?.answer && exchange, deployment.providers[name].cookie);
  remember();
  tick();
}

/** What changes as time passes. */
function tick() {
  const [state, words, countdown] = tokens.state(provider());
  if (asking.has(provider()) && state !== "waiting") return showState("asking", "…");
  if (using && state === "waiting") tell(words);
  showState(state, words || notice, countdown);
  const exchange = tokens.exchange(provider());
  const granted = exchange?.answer?.body;
  if (!granted?.token) return;
  const rest = left(exchange);
  const kind = granted.single_use ? "for one use" : "for any number of uses";
  showCountdown(rest / 1000 / granted.expires_in, `${seconds(rest)} s of ${granted.expires_in} s left, ${kind}.`);
}

// Using it.

async function use(way, again) {
  if (using) return using.press();
  if (!again && isRefusedHere($("refused"))) return;
  const name = provider();
  const { label, speak, listen } = PROVIDERS[name];
  using = begin(() => showUseButton(way));
  const { signal } = using;
  showUse(way, true);
  const getToken = async () => {
    signal.throwIfAborted(); // while the microphone was asked for, somebody else may have come
    const token = again ?? await tokens.getToken(name, ask(), signal);
    last = token.single_use ? { name, way, token } : undefined;
    tokens.used(name, token);
    return token;
  };
  const shared = { getToken, canvas: $("scope"), tell, signal };
  try {
    if (way === "speak") await hear({ ...shared, speak, text: $("text").value });
    else await write({ ...shared, listen, file: file(), onText: showTranscript, onStop });
  } catch (error) {
    tell("");
    showFailure(error, label);
  } finally {
    using.end();
    using = undefined;
    showUse(way, false);
  }

  function onStop(endSound) {
    using.stop = () => {
      using.stop = using.abort; // who presses twice does not want the last words
      tell("Waiting for the last words …");
      endSound();
    };
  }
}

function file() {
  return new FormData($("listen")).get("sound") === "sample" ? "/page/sample.wav" : undefined;
}

function showUse(way, running) {
  showUseButton(way);
  $("ask-form").inert = $("way").inert = running;
  if (running) {
    showProblem($("refused"));
    $("transcript").hidden = true;
  }
  showAgain(running);
}

function showUseButton(way) {
  $(way).querySelector("button").textContent = using?.mayStop ? "Stop" : { speak: "Speak", listen: "Listen" }[way];
}

function showAgain(running) {
  $("again").hidden = running || last?.name !== provider();
}

function tell(text) {
  if ($("progress").textContent !== text) $("progress").textContent = text;
}

function showTranscript(text) {
  $("transcript").hidden = false;
  $("transcript").textContent = text;
}

function showFailure(error, label) {
  const advice = {
    AbortError: "Stopped.",
    NotAllowedError: "The microphone may not be used. Allow it, or take the sample.",
    NotFoundError: "There is no microphone here. Take the sample.",
  };
  if (advice[error.name]) return tell(advice[error.name]);
  const title = error instanceof VoicemintError ? "There is no token for this." : `${label} refused.`;
  showProblem($("refused"), { body: { title, detail: error.message } });
}

// What is chosen: shows what fits, and outlives a reload.

function showChoice() {
  const name = provider();
  for (const fields of document.querySelectorAll("[data-fields]")) fields.hidden = fields.dataset.fields !== name;
  $("ask-note").textContent = PROVIDERS[name].note;
  $("code").href = `/page/${name}.js`;
  $("code").textContent = `${name}.js`;
  $("host").textContent = new URL(deployment.providers[name].base_url).host;
  showProblem($("refused"));
  showAgain(false);
  showWay();
  showToken();
}

function showWay() {
  const ways = PROVIDERS[provider()].ways(ask());
  const chosen = document.querySelector("[name=way]:checked").value;
  const way = ways.includes(chosen) ? chosen : ways[0];
  $("way").hidden = ways.length < 2;
  $("speak").hidden = way !== "speak";
  $("listen").hidden = way !== "listen";
  $("transcript").hidden = true;
  tell("");
}

function showDeployment() {
  $("sessions").hidden = false;
  $("sessions").textContent = `sessions: ${deployment.sessions}`;
  $("claim").hidden = $("may").disabled = !deployment.grants_claim;
  for (const who of document.querySelectorAll("[data-who]")) {
    const { standin } = deployment.providers[who.dataset.who];
    who.textContent = standin ? "stand-in" : "the real one";
    who.classList.toggle("real", !standin);
  }
}

/** What was chosen, and whether there was a token. The token itself is kept in memory, and nowhere else. */
function remember() {
  const had = tokens.exchange(provider())?.answer?.status === 200;
  sessionStorage.setItem("page", JSON.stringify({ fields: [...form()], had }));
}

function recall() {
  const { fields, had } = JSON.parse(sessionStorage.getItem("page")) ?? {};
  if (!fields) return false;
  for (const input of $("ask-form").querySelectorAll("input")) {
    const values = fields.filter(([name]) => name === input.name).map(([, value]) => value);
    if (input.type === "number") [input.value = ""] = values;
    else input.checked = values.includes(input.value);
  }
  return had;
}

async function preferSampleWithoutMicrophone() {
  const devices = await navigator.mediaDevices?.enumerateDevices() ?? [];
  if (!devices.some(({ kind }) => kind === "audioinput")) document.querySelector("[value=sample]").checked = true;
}

function onSubmit(id, action) {
  $(id).addEventListener("submit", (event) => {
    event.preventDefault();
    action(event.target);
  });
}

onSubmit("sign-in", onSignIn);
onSubmit("ask-form", get);
onSubmit("speak", () => use("speak"));
onSubmit("listen", () => use("listen"));
$("sign-out").addEventListener("click", onSignOut);
$("forget").addEventListener("click", forget);
$("again").addEventListener("click", () => {
  $(last.way).querySelector("button").focus(); // this one goes away meanwhile
  use(last.way, last.token);
});
$("ask-form").addEventListener("change", showChoice);
$("way").addEventListener("change", showWay);
onOtherTab(becomes);
setInterval(tick, 250);

// A phone has no room for all of it at once.
$("details").open = matchMedia("(min-width: 60rem)").matches;
const hadToken = recall();
showDeployment();
await preferSampleWithoutMicrophone();
becomes(rememberedUser());
showChoice();
document.querySelector("main").inert = false;
// A reload lost what was in memory: a reusable token comes back out of the cookie.
if (user && hadToken && !deployment.providers[provider()].single_use) await get();
