// An endpoint that answers by script, in the place of fetch.

export function endpoint(...replies) {
  const calls = [];
  const send = async (url, init) => {
    if (init?.signal?.aborted) throw init.signal.reason;
    calls.push({ url, ...init });
    const reply = replies.length > 1 ? replies.shift() : replies[0];
    const answer = typeof reply === "function" ? await reply(init, calls.length) : reply;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { calls, fetch: send };
}

/** A signal that was aborted before; without AbortSignal.abort(), which some platforms lack. */
export function aborted() {
  const controller = new AbortController();
  controller.abort();
  return controller.signal;
}

/** A signed token as an issuer's, but for its signature, which the client does not look at. */
export function jwt(claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "ES256" })}.${part(claims)}.c2lnbmF0dXJl`;
}

/** Lets all waits pass at once; gives what was waited for, in milliseconds. */
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

/** A reply that comes when it is told to. */
export function held(reply) {
  let release;
  const released = new Promise((resolve) => { release = resolve; });
  const answer = (init) => new Promise((resolve, reject) => {
    init.signal.addEventListener("abort", () => reject(init.signal.reason), { once: true });
    released.then(() => resolve(reply()));
  });
  return { answer, release };
}
