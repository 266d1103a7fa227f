// A Next.js route that forwards to Voicemint, for an app that calls Voicemint on its own origin and
// cannot use rewrites. Copy it to app/cartesia/token/route.js, or to another provider's path. It
// runs wherever handlers take a Request and return a Response.

/** Where Voicemint runs. The path there is that of the route. */
const voicemint = () => process.env.VOICEMINT_URL ?? "http://localhost:8787";

/**
 * The headers that Voicemint looks at. With Origin and Sec-Fetch-*, it can still refuse other
 * sites: list the app's origin in ALLOWED_ORIGINS. Sec-Fetch-Mode is missing, because Node.js
 * sends its own: POST checks it.
 */
const FORWARDED = [
  "authorization", "content-type", "cookie", "origin", "purpose", "sec-fetch-dest",
  "sec-fetch-site", "sec-purpose",
];

/** Headers of the response that belong to its connection, or to its body before it was decoded. */
const DROPPED = [
  "connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding",
];

/** A problem document (RFC 9457), as Voicemint's. */
function problem(status, code, title, detail, headers) {
  const body = { type: `https://github.com/voicemint/voicemint#${code}`, title, status, code, detail, request_id: crypto.randomUUID() };
  return new Response(JSON.stringify(body), {
    status,
    headers: { "Cache-Control": "no-store", "Content-Type": "application/problem+json", ...headers },
  });
}

export async function POST(request) {
  // A beacon or a navigation, which could come from any link.
  if (!["cors", "same-origin", null].includes(request.headers.get("sec-fetch-mode"))) {
    return problem(403, "origin_not_allowed", "Forbidden", "Call this from a page of the app with fetch().");
  }
  const { pathname, search } = new URL(request.url);
  const url = Object.assign(new URL(voicemint()), { pathname, search });
  const { method, signal } = request;
  const headers = new Headers();
  for (const name of FORWARDED) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const body = method === "POST" ? await request.arrayBuffer() : undefined;
  const options = { method, headers, body, signal, redirect: "manual", cache: "no-store" };
  let response;
  try {
    response = await fetch(url, options);
  } catch {
    // The client waits for a second and tries again.
    const detail = "Voicemint cannot be reached. Try again.";
    return problem(503, "provider_unavailable", "Service Unavailable", detail, { "Retry-After": "1" });
  }
  const answered = new Headers(response.headers); // Set-Cookie, Retry-After, Voicemint-Source, …
  for (const name of DROPPED) answered.delete(name);
  return new Response(response.body, { status: response.status, headers: answered });
}

/** A token without the client, by fetch() of the path alone. */
export const GET = POST;

/** What signOut() of the client sends: it expires the token's cookie. */
export const DELETE = POST;
