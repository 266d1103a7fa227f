// Who is signed in: an app's own affair. Here it is a cookie that scripts cannot read, so the page keeps the name beside it.

import { createTokenSource } from "../voicemint.js";
import { PROVIDERS } from "./providers.js";

const KEY = "user";

/** Signs in; gives the name. */
export async function signIn(fields) {
  const answer = await post("/sign-in", new URLSearchParams(fields));
  const { user, expires_in } = await answer.json();
  localStorage.setItem(KEY, JSON.stringify({ user, until: Date.now() + expires_in * 1000 }));
  return user;
}

/** Signs out; the tokens' cookies go with the session, and do not keep it where they cannot. */
export async function signOut() {
  await Promise.allSettled(Object.keys(PROVIDERS).map((name) => createTokenSource(`/${name}/token`).signOut()));
  await post("/sign-out");
  forgetUser();
}

async function post(path, body) {
  const answer = await fetch(path, { method: "POST", body }).catch(() => {
    throw new Error("There is no answer: is make dev still running?");
  });
  if (!answer.ok) throw new Error(await answer.text());
  return answer;
}

export function forgetUser() {
  localStorage.removeItem(KEY);
}

/** Who signed in and may still be. */
export function rememberedUser() {
  const { user, until } = JSON.parse(localStorage.getItem(KEY)) ?? {};
  return until > Date.now() ? user : undefined;
}

/** Calls back when somebody signed in or out in another tab. */
export function onOtherTab(callback) {
  window.addEventListener("storage", ({ key }) => {
    if (key === KEY) callback(rememberedUser());
  });
}
