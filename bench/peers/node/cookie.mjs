// The cookie: the token, encrypted for its user with AES-256-GCM under a key derived from the API
// key.
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from "node:crypto";

export const NAME = "__Host-cartesia-token";

const NONCE = 12;
const TAG = 16;
const MAX_BYTES = 4096;

let derived = {};

function keys(apiKey) {
  if (derived.apiKey !== apiKey) {
    const derive = (purpose) => Buffer.from(hkdfSync("sha256", apiKey, "voicemint", purpose, 32));
    derived = { apiKey, cookie: derive("cookie"), subject: derive("subject") };
  }
  return derived;
}

const subjectId = ({ issuer, subject }) =>
  createHash("sha256")
    .update(JSON.stringify([issuer, subject]))
    .digest("base64url");

export function subjectHash(session, apiKey) {
  return createHmac("sha256", keys(apiKey).subject).update(subjectId(session)).digest().toString("base64url", 0, 12);
}

export function seal(session, issued, apiKey) {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv("aes-256-gcm", keys(apiKey).cookie, nonce).setAAD(Buffer.from(NAME));
  const text = JSON.stringify({ ...issued, subjectId: subjectId(session) });
  return Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]).toString("base64url");
}

export function open(session, cookies, apiKey) {
  const pair = cookies?.find((cookie) => cookie.startsWith(`${NAME}=`));
  if (!pair) return undefined;
  try {
    const sealed = Buffer.from(pair.slice(NAME.length + 1), "base64url");
    const decipher = createDecipheriv("aes-256-gcm", keys(apiKey).cookie, sealed.subarray(0, NONCE));
    decipher.setAAD(Buffer.from(NAME)).setAuthTag(sealed.subarray(-TAG));
    const text = decipher.update(sealed.subarray(NONCE, -TAG), undefined, "utf8") + decipher.final("utf8");
    const issued = JSON.parse(text);
    return issued.subjectId === subjectId(session) ? issued : undefined;
  } catch {
    // A cookie that cannot be decrypted is ignored.
    return undefined;
  }
}

export function cookie(value, maxAge) {
  if (NAME.length + value.length > MAX_BYTES) return undefined;
  return `${NAME}=${value}; HttpOnly; Secure; SameSite=Strict; Path=/; Max-Age=${maxAge}`;
}
