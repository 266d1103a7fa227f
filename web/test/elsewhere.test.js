// Answers that are not Voicemint's, and none at all: the error says where to look.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createTokenSource } from "../voicemint.js";
import { endpoint, hurry } from "./endpoint.js";

async function detailOf(reply, url = "/cartesia/token") {
  const error = await createTokenSource(url, { fetch: endpoint(reply).fetch }).getToken().catch((thrown) => thrown);
  assert.equal(error.message, error.detail);
  return [error.code, error.status, error.detail];
}

const answer = (status, type, body) => () => new Response(body, { status, headers: type ? { "content-type": type } : {} });

const HTML = "<!doctype html><title>App</title><script>const secret = 1</script>";
const CHECK_URL = /Check the URL, and that the dev server or proxy passes this path on to Voicemint\.$/;
const CHECK_SERVER = /Is the server running to which a proxy passes this path on\?$/;

for (const [what, reply, words, hint] of [
  ["the dev server of a single-page app", answer(200, "text/html; charset=utf-8", HTML), "answered 200 with text/html. ", CHECK_URL],
  ["a dev server without such a path", answer(404, "text/html", HTML), "answered 404 with text/html. ", CHECK_URL],
  ["Vite's proxy to a server that is not there", answer(500, "text/plain", null), "answered 500 with text/plain. ", CHECK_SERVER],
  ["Next.js's", answer(500, "", new TextEncoder().encode("Internal Server Error")), "answered 500 with no content type: “Internal Server Error”. ", CHECK_SERVER],
  ["a page without a type", answer(500, "", new TextEncoder().encode(HTML)), "answered 500 with no content type. ", CHECK_SERVER],
  ["JSON that says nothing to people", answer(500, "text/plain", '{"authorization":"Bearer x"}'), "answered 500 with text/plain. ", CHECK_SERVER],
  ["another proxy's words", answer(502, "text/plain", "Bad gateway"), "answered 502 with text/plain: “Bad gateway”. ", CHECK_SERVER],
  ["a host that the local command refuses", answer(421, "text/plain; charset=utf-8", "Call this server\nas localhost.\n"), "answered 421 with text/plain: “Call this server as localhost.”. ", CHECK_URL],
  ["API Gateway itself", answer(404, "application/json", '{"message":"Not Found"}'), "answered 404 with application/json: “Not Found”. ", CHECK_URL],
  ["CloudFront's error page", answer(502, "text/html", HTML), "answered 502 with text/html. ", CHECK_SERVER],
  ["JSON of another API", answer(200, "application/json", '{"data":[]}'), "answered 200 with application/json. ", CHECK_URL],
  ["another API's refusal with a code", answer(400, "application/json", '{"code":"E42","message":"No."}'), "answered 400 with application/json: “No.”. ", CHECK_URL],
  ["an answer of no type", answer(200, "", new Uint8Array()), "answered 200 with no content type. ", CHECK_URL],
]) {
  test(`${what} is told by its status, type and words`, async () => {
    const [code, status, detail] = await detailOf(reply);
    assert.deepEqual([code, status], ["unexpected_answer", reply().status]);
    assert.ok(detail.includes(`another server ${words}`), detail);
    assert.match(detail, hint);
    assert.ok(!detail.includes("<"), "no markup");
  });
}

test("a long text is cut short", async () => {
  const [, , detail] = await detailOf(answer(502, "text/plain", "x".repeat(5000)));
  assert.match(detail, /“x{200}”/);
});

test("a redirect to a page that signs in is told as one", async () => {
  const redirected = () => Object.defineProperty(answer(200, "text/html", HTML)(), "redirected", { value: true });
  assert.match((await detailOf(redirected))[2], /answered 200 after a redirect with text\/html\. /);
});

test("no word of a success is shown, as a token may be in it", async () => {
  for (const type of ["text/plain", "application/json"]) {
    for (const body of ['{"token":"tok_secret', '{"message":"tok_secret","token":7}']) {
      assert.ok(!(await detailOf(answer(200, type, body)))[2].includes("tok_secret"));
    }
  }
});

const lost = () => { throw new TypeError("Failed to fetch"); };

for (const [where, page, url, isOther] of [
  ["of the page's own origin", "https://app.example.com/call", "/cartesia/token", false],
  ["spelled out", "https://app.example.com/call", "https://app.example.com/cartesia/token", false],
  ["as a URL of another origin", "http://localhost:5173/", new URL("http://localhost:8787/cartesia/token"), true],
  ["of another host", "https://app.example.com/call", "https://voice.example.com/cartesia/token", true],
  ["of another host, by its scheme alone", "https://app.example.com/call", "//voice.example.com/cartesia/token", true],
  ["where there is no page", undefined, "https://voice.example.com/cartesia/token", false],
  ["that is none", "https://app.example.com/call", "https://[", false],
]) {
  test(`a URL ${where} that gives no answer ${isOther ? "may lack the page's origin" : "cannot be reached"}`, async (t) => {
    hurry(t);
    const before = Object.getOwnPropertyDescriptor(globalThis, "location");
    t.after(() => {
      if (before) Object.defineProperty(globalThis, "location", before);
      else delete globalThis.location;
    });
    Object.defineProperty(globalThis, "location", { value: page && new URL(page), configurable: true });
    const [code, , detail] = await detailOf(lost, url);
    assert.equal(code, "network_error");
    const origin = page && new URL(page).origin;
    assert.equal(detail, isOther
      ? `The token endpoint cannot be reached, or its ALLOWED_ORIGINS lacks ${origin}; the browser's console says which.`
      : "The token endpoint cannot be reached.");
  });
}

test("an answer that breaks off is no matter of origins", async (t) => {
  hurry(t);
  const brokenOff = () => new Response(new ReadableStream({ start: (controller) => controller.error(new TypeError("terminated")) }));
  assert.deepEqual(await detailOf(brokenOff, "https://voice.example.com/cartesia/token"), [
    "network_error", undefined, "The token endpoint's answer broke off.",
  ]);
});
