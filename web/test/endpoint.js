// A scripted endpoint that replaces fetch.

export function endpoint(...replies) {
  const calls = [];
  const send = async (url, init) => {
    if (init?.signal?.aborted) throw init.signal.reason;
    calls.push({ url, ...init });
    const reply = replies.length > 1 ? replies.shift() : replies[0];
    const response = typeof reply === "function" ? await reply(init, calls.length) : reply;
    if (response instanceof Error) throw response;
    return response;
  };
  return { calls, fetch: send };
}

/** An aborted signal, without AbortSignal.abort(), which is missing on some platforms. */
export function aborted() {
  const controller = new AbortController();
  controller.abort();
  return controller.signal;
}

/** A JWT with an invalid signature, which the client does not verify. */
export function jwt(claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "ES256" })}.${part(claims)}.c2lnbmF0dXJl`;
}

/** Makes all timers fire immediately. Returns their durations in milliseconds. */
export function hurry(t) {
  const waited = [];
  t.mock.method(globalThis, "setTimeout", (callback, milliseconds) => {
    waited.push(milliseconds);
    return setImmediate(callback);
  });
  return waited;
}

let minted = 0;

export function token(members = {}, headers = {}) {
  minted += 1;
  const body = {
    provider: "cartesia",
    token: `token-${minted}`,
    expires_in: 60,
    expires_at: "2026-11-22T10:01:00Z",
    single_use: false,
    base_url: "https://api.cartesia.ai",
    ...members,
  };
  return Response.json(body, { headers: { "voicemint-source": "minted", ...headers } });
}

export function problem(status, code, headers = {}) {
  const [title, detail] = [`Title of ${code}`, `Because of ${code}.`];
  const body = { type: "about:blank", title, status, detail, code, request_id: "r-1" };
  return Response.json(body, { status, headers: { "content-type": "application/problem+json", ...headers } });
}

/** A reply that is sent by `release()`. */
export function held(create) {
  let release;
  const released = new Promise((resolve) => { release = resolve; });
  const reply = (init) => new Promise((resolve, reject) => {
    init.signal.addEventListener("abort", () => reject(init.signal.reason), { once: true });
    released.then(() => resolve(create()));
  });
  return { reply, release };
}
