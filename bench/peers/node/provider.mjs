// The API key from Secrets Manager, cached for five minutes, and the mint at Cartesia with one
// retry.
import { setTimeout as sleep } from "node:timers/promises";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { Problem } from "./response.mjs";

const BASE_URL = process.env.PROVIDER_BASE_URL || "https://api.cartesia.ai";
const FRESH_FOR = 300_000;
const COOLDOWN = 10_000;

const client = new SecretsManagerClient({
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 1_500 },
});
let secret;

export const apiVersion = "2026-03-01";
export const baseUrl = BASE_URL;

export async function loadKey() {
  if (secret && Date.now() - secret.loadedAt < FRESH_FOR) return secret.key;
  try {
    const found = await client.send(new GetSecretValueCommand({ SecretId: process.env.API_KEY_SECRET_ID }));
    const text = found.SecretString.trim();
    const key = text.startsWith("{") ? JSON.parse(text)[process.env.API_KEY_JSON_FIELD || "api_key"] : text;
    if (!key) throw new Error("the secret contains no key");
    secret = { key, loadedAt: Date.now() };
  } catch (cause) {
    // An expired key is better than none.
    if (secret) return secret.key;
    throw new Problem(503, "secret_unavailable", "The provider's key cannot be loaded. Try again shortly.", {
      headers: { "retry-after": "1" },
      cause,
    });
  }
  return secret.key;
}

export async function mint(tokenRequest, key) {
  let response = await attempt(tokenRequest, key);
  if (response.status === 401 && Date.now() - secret.loadedAt > COOLDOWN) {
    secret.loadedAt = 0;
    const newer = await loadKey();
    if (newer !== key) response = await attempt(tokenRequest, newer);
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw response.status === 408 || response.status === 429 || response.status >= 500
      ? unavailable(`the provider returned ${response.status}`)
      : new Problem(502, "provider_rejected", "The provider rejected the service's request or key.");
  }
  const { token } = await response.json().catch(() => ({}));
  if (typeof token !== "string" || !/^[\x21-\x7e]{1,4096}$/.test(token)) {
    throw new Problem(502, "provider_rejected", "The provider's response contains no token.");
  }
  return token;
}

async function attempt(tokenRequest, key) {
  for (let last = false; ; last = true) {
    try {
      const response = await call(tokenRequest, key);
      if (last || response.ok || (response.status < 500 && response.status !== 408)) return response;
      await response.body?.cancel();
    } catch (cause) {
      if (cause.name === "TimeoutError") {
        throw new Problem(504, "provider_timeout", "The provider did not answer in time.", { cause });
      }
      if (last) throw unavailable("the provider is unreachable", cause);
    }
    await sleep(50 + Math.random() * 200);
  }
}

function call({ grants, expiresIn }, key) {
  return fetch(`${BASE_URL}/access-token`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${key}`,
      "cartesia-version": apiVersion,
      "content-type": "application/json",
    },
    body: JSON.stringify({ grants: Object.fromEntries(grants.map((name) => [name, true])), expires_in: expiresIn }),
    redirect: "error",
    signal: AbortSignal.timeout(3_000),
  });
}

function unavailable(detail, cause) {
  const headers = { "retry-after": "1" };
  return new Problem(503, "provider_unavailable", `Try again shortly: ${detail}.`, { headers, cause });
}
