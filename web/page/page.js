// The page of `make dev`: signs in, gets tokens, uses them, and shows each step.

import { VoicemintError } from "../voicemint.js";
import { talk } from "./converse.js";
import { createDialogue } from "./dialogue.js";
import { fieldsOf, providerChoice, valuesOf } from "./fields.js";
import { begin } from "./operation.js";
import { PROVIDERS } from "./providers.js"; // the local command writes it from its list
import { forgetUser, onOtherTab, rememberedUser, signIn, signOut } from "./session.js";
import { createTokens, remaining, seconds } from "./tokens.js";
import { speakText, transcribe } from "./use.js";
import { $, showCountdown, showExchange, showProblem, showState } from "./view.js";

const tokens = createTokens({
  providers: PROVIDERS,
  currentUser: () => user,
  onChange: showToken,
  onUnauthenticated: () => {
    // An app would refresh its session here and return true to retry.
    forgetUser();
    showUser(undefined);
    $("user").focus();
  },
});
const deployment = await (await fetch("/deployment.json")).json();
const dialogue = createDialogue($("dialogue"));
let user; // the signed-in user, as far as the page knows
let notice; // the state text before the first request
const requests = new Map(); // pending requests, by provider
let connection; // the pending use of a token
let last; // the last used single-use token, with its provider and mode

// Signing in and out.

async function onSignIn(form) {
  const before = user;
  try {
    const name = await signIn(new FormData(form));
    const hasChanged = before && before !== name;
    setUser(name, hasChanged && `${before}’s tokens were discarded. The cookies remain, but only ${before} can use them.`);
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
  setUser(undefined);
  $("user").focus();
}

/** Changes the user. Nothing of the previous user may be used. */
function setUser(name, words) {
  connection?.abort();
  showUser(name);
  notice = words || (name ? "Get a token to see the request and the response here." : "Sign in first.");
  discard();
}

function showUser(name) {
  user = name;
  $("signed-in").textContent = name ? `Signed in as ${name}.` : "Not signed in. Any name works.";
  $("sign-out").hidden = !name;
}

function discard() {
  last = undefined;
  $("again").hidden = true;
  showProblem($("refused"));
  tokens.clear();
}

// Getting a token.

const form = () => new FormData($("ask-form"));
const provider = () => form().get("provider");
const ask = () => PROVIDERS[provider()].ask(valuesOf(document.querySelector(`[data-fields="${provider()}"]`)));

async function get() {
  const name = provider();
  if (requests.has(name)) return requests.get(name).press();
  if (isInvalid($("problem"))) return;
  const request = begin(showToken);
  requests.set(name, request);
  showToken();
  try {
    await tokens.prefetch(name, ask(), request.signal);
  } catch (error) {
    if (!isShown(error)) throw error;
  } finally {
    request.end();
    requests.delete(name);
    showToken();
  }
}

/**
 * Shows an error if a number field is invalid. A form would treat the field as empty and send
 * another request than intended.
 */
function isInvalid(place) {
  const fields = document.querySelectorAll("[data-fields]:not([hidden]) input");
  const field = [...fields].find(({ validity }) => validity.badInput);
  if (!field) return false;
  showProblem(place, { body: { title: "No request was sent.", errors: [{ field: field.dataset.field, message: "must be a number" }] } });
  field.focus();
  return true;
}

/**
 * Whether the page already shows the error: error responses are shown, and the user knows about an
 * abort.
 */
function isShown(error) {
  return error instanceof VoicemintError || error.name === "AbortError";
}

function showToken() {
  const name = provider();
  const exchange = tokens.exchange(name);
  $("get").textContent = requests.get(name)?.mayStop ? "Stop" : "Get a token";
  showExchange(exchange?.response && exchange, deployment.providers[name].cookie);
  showHosts(Object.values(exchange?.response?.body?.connect ?? {}));
  remember();
  tick();
}

/** Updates what changes with time. */
function tick() {
  const [state, words, countdown] = tokens.state(provider());
  if (requests.has(provider()) && state !== "waiting") return showState("requesting", "…");
  if (connection && state === "waiting") setProgress(words);
  showState(state, words || notice, countdown);
  const exchange = tokens.exchange(provider());
  const granted = exchange?.response?.body;
  if (!granted?.token) return;
  const rest = remaining(exchange);
  const kind = granted.single_use ? "single use" : "reusable";
  showCountdown(rest / 1000 / granted.expires_in, `${seconds(rest)} s of ${granted.expires_in} s left, ${kind}.`);
}

// Using a token.

const MODES = { speak: "Speak", listen: "Listen", converse: "Start" };

/** The sample rates of a provider's audio, unless it exports its own. */
const RATES = { input: 16000, output: 24000 };

/** The sample rates of a provider, which may depend on the token request. */
function ratesOf({ rates }) {
  return { ...RATES, ...(typeof rates === "function" ? rates(ask()) : rates) };
}

async function use(mode, again) {
  if (connection) return connection.press();
  if (!again && isInvalid($("refused"))) return;
  const name = provider();
  const { label, speak, listen, converse } = PROVIDERS[name];
  connection = begin(() => showUseButton(mode));
  const { signal } = connection;
  showUse(mode, true);
  const getToken = async () => {
    // The user may have changed while the microphone permission was pending.
    signal.throwIfAborted();
    const token = again ?? await tokens.getToken(name, ask(), signal);
    last = token.single_use ? { name, mode, token } : undefined;
    tokens.used(name, token);
    return token;
  };
  const shared = { rates: ratesOf(PROVIDERS[name]), getToken, canvas: $("waveform"), setProgress, signal };
  try {
    if (mode === "speak") await speakText({ ...shared, speak, text: $("text").value });
    if (mode === "listen") await transcribe({ ...shared, listen, file: file(mode), onText: showTranscript, onStop });
    if (mode === "converse") await talk({ ...shared, converse, file: file(mode), dialogue, onStop });
  } catch (error) {
    setProgress("");
    showFailure(error, label);
  } finally {
    connection.end();
    connection = undefined;
    showUse(mode, false);
  }

  function onStop(endAudio) {
    connection.stop = () => {
      // A second click does not wait for the end.
      connection.stop = connection.abort;
      setProgress(`Waiting for the end of the ${mode === "listen" ? "transcript" : "answer"} …`);
      endAudio();
    };
  }
}

function file(mode) {
  return new FormData($(mode)).get("audio") === "sample" ? "/web/page/sample.wav" : undefined;
}

function showUse(mode, running) {
  showUseButton(mode);
  $("ask-form").inert = $("mode").inert = running;
  if (running) {
    showProblem($("refused"));
    hideTranscripts();
  }
  showAgain(running);
}

function showUseButton(mode) {
  $(mode).querySelector("button").textContent = connection?.mayStop ? "Stop" : MODES[mode];
}

function showAgain(running) {
  $("again").hidden = running || last?.name !== provider();
}

function setProgress(text) {
  if ($("progress").textContent !== text) $("progress").textContent = text;
}

function showTranscript(text) {
  $("transcript").hidden = false;
  $("transcript").textContent = text;
}

function hideTranscripts() {
  $("transcript").hidden = true;
  dialogue.clear();
}

function showFailure(error, label) {
  const advice = {
    AbortError: "Stopped.",
    NotAllowedError: "Microphone access was denied. Allow it, or use the sample.",
    NotFoundError: "No microphone was found. Use the sample.",
  };
  if (advice[error.name]) return setProgress(advice[error.name]);
  const title = error instanceof VoicemintError ? "No token is available." : `${label} refused the request.`;
  showProblem($("refused"), { body: { title, detail: error.message } });
}

// The choices of the user, which survive a reload.

function showChoice() {
  const name = provider();
  for (const fields of document.querySelectorAll("[data-fields]")) fields.hidden = fields.dataset.fields !== name;
  $("ask-note").textContent = PROVIDERS[name].note;
  showProblem($("refused"));
  showAgain(false);
  showMode();
  showToken();
}

function showMode() {
  const chosenProvider = PROVIDERS[provider()];
  const modes = chosenProvider.modes?.(ask()) ?? Object.keys(MODES).filter((mode) => chosenProvider[mode]);
  const chosen = document.querySelector("[name=mode]:checked").value;
  const mode = modes.includes(chosen) ? chosen : modes[0];
  $("mode").hidden = modes.length < 2;
  for (const option of document.getElementsByName("mode")) {
    option.closest("label").hidden = !modes.includes(option.value);
    if (modes.length > 1) option.checked = option.value === mode;
    $(option.value).hidden = option.value !== mode;
  }
  $("usage").textContent = chosenProvider.usage ?? "This page cannot use this token.";
  $("usage").hidden = modes.length > 0;
  $("direct").hidden = modes.length === 0;
  showCode(modes.length > 0 ? "client.js" : "page.js");
  hideTranscripts();
  setProgress("");
}

/** Links the module that uses the token. */
function showCode(file) {
  const path = `functions/${provider()}/${file}`;
  $("code").href = `/${path}`;
  $("code").textContent = path;
}

/** Shows the hosts of a token's sockets, or the provider's host as long as there is no token. */
function showHosts(entries) {
  const { base_url } = deployment.providers[provider()];
  const urls = entries.length > 0 ? entries.map(({ url }) => url) : [base_url];
  $("host").textContent = [...new Set(urls.map((url) => new URL(url).host))].join(", ");
}

function createChoices() {
  Object.entries(PROVIDERS).forEach(([name, { label, fields }], index) => {
    $("providers").append(providerChoice(name, label, index === 0));
    $("request-buttons").before(fieldsOf(name, fields, deployment.providers[name]));
  });
}

function showDeployment() {
  $("sessions").hidden = false;
  $("sessions").textContent = `sessions: ${deployment.sessions}`;
  $("claim").hidden = $("may").disabled = !deployment.grants_claim;
  for (const who of document.querySelectorAll("[data-who]")) {
    const { standin } = deployment.providers[who.dataset.who];
    who.textContent = standin ? "stand-in" : "real provider";
    who.classList.toggle("real", !standin);
  }
}

/** Stores the choices, and whether there was a token. The token itself is in memory only. */
function remember() {
  const had = tokens.exchange(provider())?.response?.status === 200;
  sessionStorage.setItem("page", JSON.stringify({ fields: [...form()], had }));
}

function recall() {
  const { fields, had } = JSON.parse(sessionStorage.getItem("page")) ?? {};
  if (!fields) return false;
  for (const input of $("ask-form").querySelectorAll("input")) {
    const values = fields.filter(([name]) => name === input.name).map(([, value]) => value);
    if (input.type === "checkbox") input.checked = values.includes(input.value);
    else if (input.type !== "radio") [input.value = ""] = values;
    else if (values.includes(input.value)) input.checked = true; // an option may no longer exist
  }
  return had;
}

async function preferSampleWithoutMicrophone() {
  const devices = await navigator.mediaDevices?.enumerateDevices() ?? [];
  if (devices.some(({ kind }) => kind === "audioinput")) return;
  for (const sample of document.querySelectorAll("[value=sample]")) sample.checked = true;
}

function onSubmit(id, action) {
  $(id).addEventListener("submit", (event) => {
    event.preventDefault();
    action(event.target);
  });
}

onSubmit("sign-in", onSignIn);
onSubmit("ask-form", get);
for (const mode of Object.keys(MODES)) onSubmit(mode, () => use(mode));
$("sign-out").addEventListener("click", onSignOut);
$("discard").addEventListener("click", discard);
$("again").addEventListener("click", () => {
  $(last.mode).querySelector("button").focus(); // the clicked button disappears
  use(last.mode, last.token);
});
$("ask-form").addEventListener("change", showChoice);
$("mode").addEventListener("change", showMode);
onOtherTab(setUser);
setInterval(tick, 250);

// A phone has no space for the open details.
$("details").open = matchMedia("(min-width: 60rem)").matches;
createChoices();
const hadToken = recall();
showDeployment();
await preferSampleWithoutMicrophone();
setUser(rememberedUser());
showChoice();
document.querySelector("main").inert = false;
// After a reload, a reusable token is resumed from the cookie.
if (user && hadToken && !deployment.providers[provider()].single_use) await get();
