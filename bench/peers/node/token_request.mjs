// The token request: the fields of a JSON body or a query string, validated against the settings.
import { Problem } from "./response.mjs";

const GRANTS = ["tts", "stt", "agent"];
const MAX_BYTES = 4096;

const allowed = (process.env.ALLOWED_GRANTS || "tts,stt").split(",").map((grant) => grant.trim());
const maxExpiresIn = Number(process.env.MAX_EXPIRES_IN || 3600);
const defaultExpiresIn = Math.min(Number(process.env.DEFAULT_EXPIRES_IN || 60), maxExpiresIn);

export function readTokenRequest(event) {
  const fields = event.requestContext.http.method === "GET" ? query(event) : body(event);
  const errors = [];
  const grants = readGrants(fields.grants, errors);
  const expiresIn = fields.expires_in ?? defaultExpiresIn;
  if (!Number.isInteger(expiresIn) || expiresIn < 1 || expiresIn > maxExpiresIn) {
    errors.push({ field: "expires_in", message: `must be a whole number of seconds from 1 to ${maxExpiresIn}` });
  }
  for (const field of Object.keys(fields)) {
    if (field !== "grants" && field !== "expires_in") {
      errors.push({ field, message: "is unknown; permitted: grants, expires_in" });
    }
  }
  if (errors.length > 0) {
    const detail = errors.map(({ field, message }) => `${field}: ${message}`).join("; ");
    throw new Problem(422, "request_invalid", detail, { errors });
  }
  const rejected = grants.filter((grant) => !allowed.includes(grant));
  if (rejected.length > 0) {
    throw new Problem(403, "grant_not_allowed", `Request fewer grants: ${rejected.join(", ")} is not in ALLOWED_GRANTS.`);
  }
  return { grants, expiresIn };
}

function readGrants(value, errors) {
  if (value === undefined || value === null) return allowed;
  const valid =
    typeof value === "object" &&
    !Array.isArray(value) &&
    Object.entries(value).every(([name, on]) => GRANTS.includes(name) && (on === null || typeof on === "boolean"));
  const grants = valid ? GRANTS.filter((name) => value[name] === true) : [];
  if (grants.length === 0) {
    const message = `must be an object of ${GRANTS.join(", ")}, each true, false or null, and at least one true`;
    errors.push({ field: "grants", message });
  }
  return grants;
}

function query(event) {
  const fields = Object.fromEntries(new URLSearchParams(event.rawQueryString));
  if (fields.grants !== undefined) {
    fields.grants = Object.fromEntries(fields.grants.split(",").map((name) => [name.trim(), true]));
  }
  if (/^\d+$/.test(fields.expires_in)) fields.expires_in = Number(fields.expires_in);
  return fields;
}

function body(event) {
  if (!event.body) return {};
  const bytes = Buffer.from(event.body, event.isBase64Encoded ? "base64" : "utf8");
  if (bytes.length > MAX_BYTES) throw new Problem(413, "request_too_large", `Send at most ${MAX_BYTES} bytes.`);
  const type = event.headers["content-type"]?.split(";")[0].trim().toLowerCase();
  if (type !== "application/json") {
    throw new Problem(415, "media_type_not_supported", "Send the body as application/json.");
  }
  let fields;
  try {
    fields = JSON.parse(bytes.toString());
  } catch (cause) {
    throw new Problem(400, "request_malformed", "Send one JSON object.", { cause });
  }
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    throw new Problem(400, "request_malformed", "Send one JSON object.");
  }
  return fields;
}
