// What a team would write for itself in Node.js: the same broker for Cartesia, with AWS's SDK, jose and fetch.
import { answer, isAllowed, Refusal } from "./answer.mjs";
import { readAsk } from "./ask.mjs";
import { cookie, open, seal, subjectHash } from "./cookie.mjs";
import { baseUrl, loadKey, mint } from "./provider.mjs";
import { admitPage, loadKeySet, verify } from "./session.mjs";

const METHODS = "GET, POST, DELETE";

// During init, which has a whole processor; what fails is tried again by the first request.
await Promise.allSettled([loadKeySet(), loadKey()]);

export async function handler(event, context) {
  const record = { level: "INFO", request_id: context.awsRequestId, provider: "cartesia", steps: {} };
  const started = performance.now();
  let reply;
  try {
    reply = await route(event, record);
  } catch (error) {
    const refusal =
      error instanceof Refusal ? error : new Refusal(500, "internal", "Something went wrong here.", { cause: error });
    record.outcome = refusal.code;
    record.reason = refusal.cause?.message ?? refusal.message;
    if (refusal.status >= 500) record.level = "ERROR";
    const body = refusal.problem(context.awsRequestId);
    const { headers } = refusal;
    reply = answer(event, refusal.status, { body, type: "application/problem+json", headers, steps: record.steps });
  }
  const { steps, ...line } = record;
  for (const [name, took] of Object.entries(steps)) line[`${name}_ms`] = took;
  Object.assign(line, metrics(line), { status: reply.statusCode, total_ms: performance.now() - started });
  process.stdout.write(`${JSON.stringify(line)}\n`);
  return reply;
}

async function route(event, record) {
  const { method } = event.requestContext.http;
  switch (method) {
    case "OPTIONS":
      return preflight(event, record);
    case "DELETE":
      admitPage(event.headers);
      record.outcome = "signed_out";
      return answer(event, 204, { cookie: cookie("", 0) });
    case "GET":
    case "POST":
      return hand(event, record);
    default:
      throw new Refusal(405, "method_not_allowed", `Use ${METHODS}.`, { headers: { allow: `${METHODS}, OPTIONS` } });
  }
}

function preflight(event, record) {
  if (!isAllowed(event.headers.origin)) throw new Refusal(403, "origin_not_allowed", "This page may not call.");
  record.outcome = "preflight";
  const headers = {
    "access-control-allow-methods": METHODS,
    "access-control-allow-headers": "authorization, content-type, baggage, sentry-trace, traceparent, tracestate",
    "access-control-max-age": "600",
  };
  return answer(event, 204, { headers });
}

async function hand(event, record) {
  const timed = async (name, work) => {
    const began = performance.now();
    try {
      return await work();
    } finally {
      record.steps[name] = performance.now() - began;
    }
  };
  admitPage(event.headers);
  const session = await timed("session", () => verify(event.headers));
  const ask = readAsk(event);
  const key = await timed("secret", loadKey);
  record.subject = subjectHash(session, key);

  const now = Math.floor(Date.now() / 1000);
  let lease = open(session, event.cookies, key);
  record.outcome = lease && fits(lease, ask, now) ? "resumed" : "minted";
  if (record.outcome === "minted") {
    const token = await timed("provider", () => mint(ask, key));
    lease = { token, grants: ask.grants, expiresAt: now + ask.expiresIn, baseUrl };
  }
  const expiresIn = lease.expiresAt - now;
  const body = {
    provider: "cartesia",
    token: lease.token,
    expires_in: expiresIn,
    expires_at: new Date(lease.expiresAt * 1000).toISOString().replace(".000Z", "Z"),
    single_use: false,
    base_url: baseUrl,
  };
  const headers = { "voicemint-source": record.outcome };
  const sealed = cookie(seal(session, lease, key), expiresIn);
  return answer(event, 200, { body, headers, cookie: sealed, steps: record.steps });
}

function fits(lease, ask, now) {
  const same = lease.baseUrl === baseUrl && lease.grants.join() === ask.grants.join();
  return same && (lease.expiresAt - now) * 2 >= ask.expiresIn;
}

// CloudWatch's embedded metric format.
function metrics({ outcome }) {
  const name = { minted: "Minted", resumed: "Resumed", signed_out: undefined, preflight: undefined };
  const metric = outcome in name ? name[outcome] : "Refused";
  if (!metric) return {};
  const directive = { Namespace: "Voicemint", Dimensions: [["Provider"]], Metrics: [{ Name: metric, Unit: "Count" }] };
  return { _aws: { Timestamp: Date.now(), CloudWatchMetrics: [directive] }, Provider: "cartesia", [metric]: 1 };
}
