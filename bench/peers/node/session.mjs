// Who calls: the page by Origin and Fetch Metadata, the user by a JWT against the issuer's key set.
import { createRemoteJWKSet, errors, jwtVerify } from "jose";
import { isAllowed, Refusal } from "./answer.mjs";

const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];

// Keeps the keys for ten minutes, and asks for an unknown key at most twice a minute.
const keySet = createRemoteJWKSet(new URL(process.env.SESSION_JWKS_URL), {
  cacheMaxAge: 600_000,
  cooldownDuration: 30_000,
  timeoutDuration: 3_000,
});

const expected = {
  issuer: process.env.SESSION_ISSUER,
  audience: process.env.SESSION_AUDIENCE,
  algorithms: ALGORITHMS,
  requiredClaims: ["sub", "exp"],
};

export const loadKeySet = () => keySet.reload();

export function admitPage(headers) {
  for (const name of ["origin", "authorization", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"]) {
    if (headers[name]?.includes(",")) {
      throw new Refusal(400, "request_malformed", `Send the ${name} header once, with one value.`);
    }
  }
  const { origin, "sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest } = headers;
  const good =
    (origin === undefined ? site === undefined || site === "same-origin" : isAllowed(origin)) &&
    (mode === undefined || mode === "cors" || mode === "same-origin") &&
    (dest === undefined || dest === "empty");
  if (!good) {
    throw new Refusal(403, "origin_not_allowed", "Call from a page listed in ALLOWED_ORIGINS, with fetch.");
  }
}

export async function verify(headers) {
  const [scheme, token, ...more] = (headers.authorization ?? "").split(" ");
  if (!headers.authorization) {
    const headers = { "www-authenticate": "Bearer" };
    throw new Refusal(401, "session_missing", "Sign in, and send the session as a Bearer token.", { headers });
  }
  try {
    if (scheme.toLowerCase() !== "bearer" || more.length > 0) throw new errors.JWTInvalid("not a Bearer token");
    const { payload } = await jwtVerify(token, keySet, expected);
    return { issuer: payload.iss, subject: payload.sub };
  } catch (cause) {
    throw refusal(cause);
  }
}

function refusal(cause) {
  const codes = ["ERR_JWKS_TIMEOUT", "ERR_JOSE_GENERIC"];
  if (!(cause instanceof errors.JOSEError) || codes.includes(cause.code)) {
    return new Refusal(503, "session_unavailable", "The issuer's keys cannot be had. Try again shortly.", {
      headers: { "retry-after": "1" },
      cause,
    });
  }
  const headers = { "www-authenticate": 'Bearer error="invalid_token"' };
  return cause instanceof errors.JWTExpired
    ? new Refusal(401, "session_expired", "Sign in again: the session has expired.", { headers, cause })
    : new Refusal(401, "session_invalid", "Sign in again: the session is not valid.", { headers, cause });
}
