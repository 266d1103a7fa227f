// Responses in API Gateway's payload format 2.0: the common headers, and problem documents.

const ORIGINS = new Set(
  (process.env.ALLOWED_ORIGINS ?? "")
    .split(",")
    .map((origin) => origin.trim())
    .filter(Boolean),
);

const COMMON_HEADERS = {
  "cache-control": "no-store",
  vary: "Origin",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "strict-transport-security": "max-age=63072000",
};

const TITLES = {
  request_malformed: "The request is malformed",
  session_missing: "Not signed in",
  session_invalid: "The session is not valid",
  session_expired: "The session has expired",
  origin_not_allowed: "The origin is not allowed",
  grant_not_allowed: "The grant is not allowed",
  method_not_allowed: "The method is not allowed",
  request_too_large: "The request body is too large",
  media_type_not_supported: "The media type is not supported",
  request_invalid: "The request is not valid",
  internal: "Internal error",
  provider_rejected: "The provider rejected the request",
  provider_unavailable: "The provider is unavailable",
  provider_timeout: "The provider did not answer in time",
  session_unavailable: "Sessions cannot be verified",
  secret_unavailable: "The provider's key cannot be loaded",
};

export class Problem extends Error {
  constructor(status, code, detail, { headers = {}, errors, cause } = {}) {
    super(detail, { cause });
    Object.assign(this, { status, code, headers, errors });
  }

  document(requestId) {
    return {
      type: `https://github.com/voicemint/voicemint#${this.code}`,
      title: TITLES[this.code],
      status: this.status,
      detail: this.message,
      code: this.code,
      request_id: requestId,
      ...(this.errors && { errors: this.errors }),
    };
  }
}

export function isAllowed(origin) {
  return ORIGINS.has(origin);
}

export function respond(event, status, { body, type = "application/json", headers, cookie, steps = {} }) {
  const origin = event.headers?.origin;
  const page = isAllowed(origin)
    ? {
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "Retry-After, Voicemint-Source, Server-Timing",
        "cross-origin-resource-policy": "cross-origin",
      }
    : { "cross-origin-resource-policy": "same-origin" };
  const timing = Object.entries(steps)
    .map(([name, took]) => `${name};dur=${took.toFixed(1)}`)
    .join(", ");
  return {
    statusCode: status,
    headers: {
      ...COMMON_HEADERS,
      ...page,
      ...(timing && { "server-timing": timing }),
      ...(body && { "content-type": type }),
      ...headers,
    },
    cookies: cookie ? [cookie] : [],
    body: body ? JSON.stringify(body) : "",
    isBase64Encoded: false,
  };
}
