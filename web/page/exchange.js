// Records the requests, responses and durations of `fetch`.

/** A `fetch` that calls `report` after each response. */
export function recorded(report) {
  return async (url, init) => {
    const request = { method: init.method, url: String(url), body: init.body, at: performance.now() };
    const response = await fetch(url, init);
    // This reads a copy; the caller reads the response itself.
    const body = await response.clone().json().catch(() => undefined);
    report(request, {
      status: response.status,
      body,
      source: response.headers.get("voicemint-source"),
      timing: response.headers.get("server-timing"),
      retryAfter: response.headers.get("retry-after"),
      took: performance.now() - request.at,
      at: Date.now(),
    });
    return response;
  };
}

/** The steps of a `Server-Timing` header, and the rest of the duration as the network time. */
export function steps(timing, took) {
  const named = [...(timing ?? "").matchAll(/([\w-]+);dur=([\d.]+)/g)].map(([, name, ms]) => ({ name, ms: Number(ms) }));
  const inside = named.reduce((sum, step) => sum + step.ms, 0);
  return [...named, { name: "network", ms: Math.max(0, took - inside) }];
}

/** A shortened token: enough to distinguish tokens, too little to use one. */
export function shortened(token) {
  return `${token.slice(0, Math.min(16, token.length / 4))}… (${token.length} characters)`;
}

/**
 * A copy of a response's body in which the token is shortened wherever it stands: `connect` has it in
 * URLs and subprotocols too.
 */
export function withShortToken(body) {
  if (!body?.token) return body;
  const short = shortened(body.token);
  const shorten = (text) => text.replaceAll(body.token, short);
  return JSON.parse(JSON.stringify(body), (_, value) => (typeof value === "string" ? shorten(decoded(value)) : value));
}

/** A URL without its percent-encoding, which may hide a token; any other text as it is. */
function decoded(text) {
  if (!/^\w+:\/\//.test(text)) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
