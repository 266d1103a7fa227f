// The app's own sessions. Here the session is a cookie that scripts cannot read, so the page stores
// the user's name in localStorage.

import { createTokenSource } from "../voicemint.js";
import { PROVIDERS } from "./providers.js";

const KEY = "user";

/** Signs in. Returns the user's name. */
export async function signIn(fields) {
  const response = await post("/sign-in", new URLSearchParams(fields));
  const { user, expires_in } = await response.json();
  localStorage.setItem(KEY, JSON.stringify({ user, until: Date.now() + expires_in * 1000 }));
  return user;
}

/**
 * Signs out, and deletes the token cookies. Signing out continues if a cookie cannot be deleted.
 */
export async function signOut() {
  await Promise.allSettled(Object.keys(PROVIDERS).map((name) => createTokenSource(`/${name}/token`).signOut()));
  await post("/sign-out");
  forgetUser();
}

async function post(path, body) {
  const response = await fetch(path, { method: "POST", body }).catch(() => {
    throw new Error("No response: is make dev still running?");
  });
  if (!response.ok) throw new Error(await response.text());
  return response;
}

export function forgetUser() {
  localStorage.removeItem(KEY);
}

/** The last user, unless the session has expired. */
export function rememberedUser() {
  const { user, until } = JSON.parse(localStorage.getItem(KEY)) ?? {};
  return until > Date.now() ? user : undefined;
}

/** Calls back when a user signs in or out in another tab. */
export function onOtherTab(callback) {
  window.addEventListener("storage", ({ key }) => {
    if (key === KEY) callback(rememberedUser());
  });
}
