// The broker for Cartesia as a team would write it in Node.js, with AWS's SDK, jose and fetch.
import { cookie, open, seal, subjectHash } from "./cookie.mjs";
import { apiVersion, baseUrl, loadKey, mint } from "./provider.mjs";
import { isAllowed, Problem, respond } from "./response.mjs";
import { checkOrigin, loadJwkSet, verify } from "./session.mjs";
import { readTokenRequest } from "./token_request.mjs";

const METHODS = "GET, POST, DELETE";

// Init has a full CPU. The first request retries what fails here.
await Promise.allSettled([loadJwkSet(), loadKey()]);

export async function handler(event, context) {
  const requestLog = { level: "INFO", request_id: context.awsRequestId, provider: "cartesia", steps: {} };
  const started = performance.now();
  let response;
  try {
    response = await route(event, requestLog);
  } catch (error) {
    const problem =
      error instanceof Problem ? error : new Problem(500, "internal", "Something went wrong.", { cause: error });
    requestLog.outcome = problem.code;
    requestLog.reason = problem.cause?.message ?? problem.message;
    if (problem.status >= 500) requestLog.level = "ERROR";
    const body = problem.document(context.awsRequestId);
    const { headers } = problem;
    response = respond(event, problem.status, { body, type: "application/problem+json", headers, steps: requestLog.steps });
  }
  const { steps, ...line } = requestLog;
  for (const [name, took] of Object.entries(steps)) line[`${name}_ms`] = took;
  Object.assign(line, metrics(line), { status: response.statusCode, total_ms: performance.now() - started });
  process.stdout.write(`${JSON.stringify(line)}\n`);
  return response;
}

async function route(event, requestLog) {
  const { method } = event.requestContext.http;
  switch (method) {
    case "OPTIONS":
      return preflight(event, requestLog);
    case "DELETE":
      checkOrigin(event.headers);
      requestLog.outcome = "signed_out";
      return respond(event, 204, { cookie: cookie("", 0) });
    case "GET":
    case "POST":
      return issue(event, requestLog);
    default:
      throw new Problem(405, "method_not_allowed", `Use ${METHODS}.`, { headers: { allow: `${METHODS}, OPTIONS` } });
  }
}

function preflight(event, requestLog) {
  if (!isAllowed(event.headers.origin)) throw new Problem(403, "origin_not_allowed", "Call from a page listed in ALLOWED_ORIGINS.");
  requestLog.outcome = "preflight";
  const headers = {
    "access-control-allow-methods": METHODS,
    "access-control-allow-headers": "authorization, content-type, baggage, sentry-trace, traceparent, tracestate",
    "access-control-max-age": "600",
  };
  return respond(event, 204, { headers });
}

async function issue(event, requestLog) {
  const timed = async (name, work) => {
    const began = performance.now();
    try {
      return await work();
    } finally {
      requestLog.steps[name] = performance.now() - began;
    }
  };
  checkOrigin(event.headers);
  const session = await timed("session", () => verify(event.headers));
  const tokenRequest = readTokenRequest(event);
  const key = await timed("secret", loadKey);
  requestLog.subject = subjectHash(session, key);

  const now = Math.floor(Date.now() / 1000);
  let issued = open(session, event.cookies, key);
  requestLog.outcome = issued && fits(issued, tokenRequest, now) ? "resumed" : "minted";
  if (requestLog.outcome === "minted") {
    const token = await timed("provider", () => mint(tokenRequest, key));
    issued = { token, grants: tokenRequest.grants, expiresAt: now + tokenRequest.expiresIn, baseUrl };
  }
  const expiresIn = issued.expiresAt - now;
  const body = {
    provider: "cartesia",
    token: issued.token,
    expires_in: expiresIn,
    expires_at: new Date(issued.expiresAt * 1000).toISOString().replace(".000Z", "Z"),
    single_use: false,
    base_url: baseUrl,
    connect: connect(issued),
  };
  const headers = { "voicemint-source": requestLog.outcome };
  const sealed = cookie(seal(session, issued, key), expiresIn);
  return respond(event, 200, { body, headers, cookie: sealed, steps: requestLog.steps });
}

function connect({ token, grants }) {
  const base = baseUrl.replace("http", "ws");
  const query = new URLSearchParams({ cartesia_version: apiVersion, access_token: token });
  const entries = ["tts", "stt"].filter((name) => grants.includes(name));
  return Object.fromEntries(entries.map((name) => [name, { url: `${base}/${name}/websocket?${query}`, protocols: [] }]));
}

function fits(issued, tokenRequest, now) {
  const same = issued.baseUrl === baseUrl && issued.grants.join() === tokenRequest.grants.join();
  return same && (issued.expiresAt - now) * 2 >= tokenRequest.expiresIn;
}

// CloudWatch's embedded metric format.
function metrics({ outcome }) {
  const name = { minted: "Minted", resumed: "Resumed", signed_out: undefined, preflight: undefined };
  const metric = outcome in name ? name[outcome] : "Refused";
  if (!metric) return {};
  const directive = { Namespace: "Voicemint", Dimensions: [["Provider"]], Metrics: [{ Name: metric, Unit: "Count" }] };
  return { _aws: { Timestamp: Date.now(), CloudWatchMetrics: [directive] }, Provider: "cartesia", [metric]: 1 };
}
