// What is asked: the fields of a JSON body or of a query string, checked against what the deployment permits.
import { Refusal } from "./answer.mjs";

const GRANTS = ["tts", "stt", "agent"];
const MOST_BYTES = 4096;

const allowed = (process.env.ALLOWED_GRANTS || "tts,stt").split(",").map((grant) => grant.trim());
const most = Number(process.env.MAX_EXPIRES_IN || 3600);
const byDefault = Math.min(Number(process.env.DEFAULT_EXPIRES_IN || 60), most);

export function readAsk(event) {
  const fields = event.requestContext.http.method === "GET" ? query(event) : body(event);
  const errors = [];
  const grants = readGrants(fields.grants, errors);
  const expiresIn = fields.expires_in ?? byDefault;
  if (!Number.isInteger(expiresIn) || expiresIn < 1 || expiresIn > most) {
    errors.push({ field: "expires_in", message: `must be a whole number of seconds from 1 to ${most}` });
  }
  for (const field of Object.keys(fields)) {
    if (field !== "grants" && field !== "expires_in") {
      errors.push({ field, message: "is not known here; permitted: grants, expires_in" });
    }
  }
  if (errors.length > 0) {
    const detail = errors.map(({ field, message }) => `${field}: ${message}`).join("; ");
    throw new Refusal(422, "request_invalid", detail, { errors });
  }
  const refused = grants.filter((grant) => !allowed.includes(grant));
  if (refused.length > 0) {
    throw new Refusal(403, "grant_not_allowed", `Ask for less: ${refused.join(", ")} is not in ALLOWED_GRANTS.`);
  }
  return { grants, expiresIn };
}

function readGrants(given, errors) {
  if (given === undefined || given === null) return allowed;
  const good =
    typeof given === "object" &&
    !Array.isArray(given) &&
    Object.entries(given).every(([name, on]) => GRANTS.includes(name) && (on === null || typeof on === "boolean"));
  const grants = good ? GRANTS.filter((name) => given[name] === true) : [];
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
  if (bytes.length > MOST_BYTES) throw new Refusal(413, "request_too_large", `Send at most ${MOST_BYTES} bytes.`);
  const type = event.headers["content-type"]?.split(";")[0].trim().toLowerCase();
  if (type !== "application/json") {
    throw new Refusal(415, "media_type_not_supported", "Send the ask as application/json.");
  }
  let fields;
  try {
    fields = JSON.parse(bytes.toString());
  } catch (cause) {
    throw new Refusal(400, "request_malformed", "Send one JSON object.", { cause });
  }
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    throw new Refusal(400, "request_malformed", "Send one JSON object.");
  }
  return fields;
}
