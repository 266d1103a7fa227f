// A Next.js route that forwards to Voicemint, for an app that calls Voicemint on its own origin and
// cannot use rewrites. Copy it to app/cartesia/token/route.js, or to another provider's path. It
// runs wherever handlers take a Request and return a Response.

/** Where Voicemint runs. The path there is that of the route. */
const voicemint = () => process.env.VOICEMINT_URL ?? "http://localhost:8787";

/**
 * The headers that Voicemint looks at. With Origin and Sec-Fetch-*, it can still refuse other
 * sites: list the app's origin in ALLOWED_ORIGINS. Sec-Fetch-Mode is missing, because Node.js
 * sends its own.
 */
const FORWARDED = [
  "authorization", "content-type", "cookie", "origin", "purpose", "sec-fetch-dest",
  "sec-fetch-site", "sec-purpose",
];

/** Headers of the response that belong to its connection, or to its body before it was decoded. */
const DROPPED = [
  "connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding",
];

/** What the client gets if Voicemint does not answer: it waits for a second and tries again. */
const UNREACHABLE = {
  code: "provider_unavailable",
  title: "Service Unavailable",
  status: 503,
  detail: "Voicemint cannot be reached. Try again.",
};

export async function POST(request) {
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
    return new Response(JSON.stringify(UNREACHABLE), {
      status: 503,
      headers: {
        "Cache-Control": "no-store",
        "Content-Type": "application/problem+json",
        "Retry-After": "1",
      },
    });
  }
  const answered = new Headers(response.headers); // Set-Cookie, Retry-After, Voicemint-Source, …
  for (const name of DROPPED) answered.delete(name);
  return new Response(response.body, { status: response.status, headers: answered });
}

/** What signOut() of the client sends: it expires the token's cookie. */
export const DELETE = POST;
