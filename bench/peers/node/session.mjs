// Checks the page by Origin and Fetch Metadata, and the user by a JWT and the issuer's JWK Set.
import { createRemoteJWKSet, errors, jwtVerify } from "jose";
import { isAllowed, Problem } from "./response.mjs";

const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];

// Caches the keys for ten minutes, and refetches for an unknown key at most twice per minute.
const jwkSet = createRemoteJWKSet(new URL(process.env.SESSION_JWKS_URL), {
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

export const loadJwkSet = () => jwkSet.reload();

export function checkOrigin(headers) {
  for (const name of ["origin", "authorization", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"]) {
    if (headers[name]?.includes(",")) {
      throw new Problem(400, "request_malformed", `Send the ${name} header once, with one value.`);
    }
  }
  const { origin, "sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest } = headers;
  const valid =
    (origin === undefined ? site === undefined || site === "same-origin" : isAllowed(origin)) &&
    (mode === undefined || mode === "cors" || mode === "same-origin") &&
    (dest === undefined || dest === "empty");
  if (!valid) {
    throw new Problem(403, "origin_not_allowed", "Call from a page listed in ALLOWED_ORIGINS, with fetch.");
  }
}

export async function verify(headers) {
  const [scheme, token, ...more] = (headers.authorization ?? "").split(" ");
  if (!headers.authorization) {
    const headers = { "www-authenticate": "Bearer" };
    throw new Problem(401, "session_missing", "Sign in, and send the session as a Bearer token.", { headers });
  }
  try {
    if (scheme.toLowerCase() !== "bearer" || more.length > 0) throw new errors.JWTInvalid("not a Bearer token");
    const { payload } = await jwtVerify(token, jwkSet, expected);
    return { issuer: payload.iss, subject: payload.sub };
  } catch (cause) {
    throw toProblem(cause);
  }
}

function toProblem(cause) {
  const codes = ["ERR_JWKS_TIMEOUT", "ERR_JOSE_GENERIC"];
  if (!(cause instanceof errors.JOSEError) || codes.includes(cause.code)) {
    return new Problem(503, "session_unavailable", "The issuer's keys are unavailable. Try again shortly.", {
      headers: { "retry-after": "1" },
      cause,
    });
  }
  const headers = { "www-authenticate": 'Bearer error="invalid_token"' };
  return cause instanceof errors.JWTExpired
    ? new Problem(401, "session_expired", "Sign in again: the session has expired.", { headers, cause })
    : new Problem(401, "session_invalid", "Sign in again: the session is not valid.", { headers, cause });
}
