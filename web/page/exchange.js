// Looks over the shoulder of `fetch`: what was asked, what came back, and how long it took.

/** A `fetch` that calls `report` after each call. */
export function watched(report) {
  return async (url, init) => {
    const asked = { method: init.method, url: String(url), body: init.body, at: performance.now() };
    const response = await fetch(url, init);
    // The copy is read here, the answer itself by whoever asked.
    const body = await response.clone().json().catch(() => undefined);
    report(asked, {
      status: response.status,
      body,
      source: response.headers.get("voicemint-source"),
      timing: response.headers.get("server-timing"),
      retryAfter: response.headers.get("retry-after"),
      took: performance.now() - asked.at,
      came: Date.now(),
    });
    return response;
  };
}

/** The steps that a `Server-Timing` header names, and what is left of the whole for the way there and back. */
export function steps(timing, took) {
  const named = [...(timing ?? "").matchAll(/([\w-]+);dur=([\d.]+)/g)].map(([, name, ms]) => ({ name, ms: Number(ms) }));
  const inside = named.reduce((sum, step) => sum + step.ms, 0);
  return [...named, { name: "network", ms: Math.max(0, took - inside) }];
}

/** A token as it may be shown: enough to tell two apart, too little to use. */
export function shortened(token) {
  return `${token.slice(0, Math.min(16, token.length / 4))}… (${token.length} characters)`;
}
