// Responses of other servers, and no response: the error says where to look.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { createTokenSource } from "../voicemint.js";
import { endpoint, hurry } from "./endpoint.js";

async function detailOf(reply, url = "/cartesia/token") {
  const error = await createTokenSource(url, { fetch: endpoint(reply).fetch }).getToken().catch((thrown) => thrown);
  assert.equal(error.message, error.detail);
  return [error.code, error.status, error.detail];
}

/** Replaces a global during a test. */
function replaceGlobal(t, name, value) {
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  t.after(() => {
    if (before) Object.defineProperty(globalThis, name, before);
    else delete globalThis[name];
  });
  Object.defineProperty(globalThis, name, { value, configurable: true });
}

const response = (status, type, body) => () => new Response(body, { status, headers: type ? { "content-type": type } : {} });

const HTML = "<!doctype html><title>App</title><script>const secret = 1</script>";
const CHECK = " Check the URL, and that the proxy or dev server forwards /cartesia/token to Voicemint.";

for (const [what, reply, words] of [
  ["the dev server of a single-page app", response(200, "text/html; charset=utf-8", HTML), "answered 200 with text/html. "],
  ["a dev server without such a path", response(404, "text/html", HTML), "answered 404 with text/html. "],
  ["Vite's proxy to a server that is not there", response(500, "text/plain", null), "answered 500 with text/plain. "],
  ["Next.js's", response(500, "", new TextEncoder().encode("Internal Server Error")), "answered 500 with no content type: \"Internal Server Error\". "],
  ["a page without a type", response(500, "", new TextEncoder().encode(HTML)), "answered 500 with no content type. "],
  ["JSON without a message", response(500, "text/plain", '{"authorization":"Bearer x"}'), "answered 500 with text/plain. "],
  ["another proxy's text", response(502, "text/plain", "Bad gateway"), "answered 502 with text/plain: \"Bad gateway\". "],
  ["a server of several hosts", response(421, "text/plain; charset=utf-8", "Wrong\nhost.\n"), "answered 421 with text/plain: \"Wrong host.\". "],
  ["API Gateway itself", response(404, "application/json", '{"message":"Not Found"}'), "answered 404 with application/json: \"Not Found\". "],
  ["CloudFront's error page", response(502, "text/html", HTML), "answered 502 with text/html. "],
  ["JSON of another API", response(200, "application/json", '{"data":[]}'), "answered 200 with application/json. "],
  ["another API's error with a code", response(400, "application/json", '{"code":"E42","message":"No."}'), "answered 400 with application/json: \"No.\". "],
  ["a response without a type", response(200, "", new Uint8Array()), "answered 200 with no content type. "],
]) {
  test(`${what} is described by status, type and text`, async () => {
    const [code, status, detail] = await detailOf(reply);
    assert.deepEqual([code, status], ["unexpected_answer", reply().status]);
    assert.equal(detail, `No token endpoint: a server ${words.trim()}${CHECK}`);
  });
}

/** The texts of the local command, read from its source. */
const local = (file, words) => {
  const source = readFileSync(new URL(`../../dev/src/${file}`, import.meta.url), "utf8");
  const [, text] = new RegExp(`"(${words}.*?)(?:\\\\n)?(?<!\\\\)"`, "s").exec(source);
  return text.replace(/\\\n\s*/g, "").replace("{host}", "voice.test").replace("{}", "/cartesia/tokens").replace("{advice}", "use /cartesia/token");
};

for (const [what, status, text] of [
  ["a path", 404, local("not_found.rs", "This is Voicemint's local command")],
  ["a method", 405, local("app.rs", "This path has another method")],
  ["a host", 421, local("host_guard.rs", "This server was called as")],
  ["no host", 421, local("host_guard.rs", "This server was called without")],
]) {
  test(`the local command's advice about ${what} that it does not have is quoted`, async () => {
    const [code, , detail] = await detailOf(response(status, "text/plain; charset=utf-8", `${text}\n`), "/cartesia/tokens?key=secret");
    assert.equal(code, "unexpected_answer");
    assert.equal(detail, `No token endpoint: a server answered ${status} with text/plain: \"${text.slice(0, 200)}\".${CHECK.replace("token", "tokens")}`);
  });
}

for (const [page, url, path] of [
  ["https://app.example.com/calls/7", "token?key=secret#part", "/calls/token"],
  ["https://app.example.com/", "https://voice.example.com/undefined/token?key=secret", "/undefined/token"],
  ["https://app.example.com/", new URL("https://voice.example.com/cartesia/token?key=secret"), "/cartesia/token"],
  [undefined, "/cartesia/token?key=\nsecret", "/cartesia/token"],
  [undefined, "https://voice.example.com/cartesia/token?key=secret", "/cartesia/token"],
]) {
  test(`of ${JSON.stringify(url)} ${page ? `in ${page}` : "outside a page"} the message has the path, without the query`, async (t) => {
    replaceGlobal(t, "document", page && { baseURI: page });
    for (const status of [200, 404, 502]) {
      const [, , detail] = await detailOf(response(status, "text/html", HTML), url);
      assert.ok(detail.includes(` forwards ${path} to Voicemint`), detail);
      assert.ok(!detail.includes("secret"), detail);
    }
  });
}

test("the error of signOut() has the path too", async () => {
  const source = createTokenSource("/cartesia/tokens", { fetch: endpoint(response(404, "text/html", HTML)).fetch });
  await assert.rejects(source.signOut(), ({ detail }) => detail.includes(" forwards /cartesia/tokens to"));
});

test("a long text is truncated", async () => {
  const [, , detail] = await detailOf(response(502, "text/plain", "x".repeat(5000)));
  assert.match(detail, /\"x{200}\"/);
});

test("the message mentions a redirect to a sign-in page", async () => {
  const redirected = () => Object.defineProperty(response(200, "text/html", HTML)(), "redirected", { value: true });
  assert.match((await detailOf(redirected))[2], /answered 200 after a redirect with text\/html\. /);
});

test("the body of a success is not shown, because it may contain a token", async () => {
  for (const type of ["text/plain", "application/json"]) {
    for (const body of ['{"token":"tok_secret', '{"message":"tok_secret","token":7}']) {
      assert.ok(!(await detailOf(response(200, type, body)))[2].includes("tok_secret"));
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
  ["outside a page", undefined, "https://voice.example.com/cartesia/token", false],
  ["that is invalid", "https://app.example.com/call", "https://[", false],
]) {
  test(`a URL ${where} without a response ${isOther ? "may not list the page's origin" : "cannot be reached"}`, async (t) => {
    hurry(t);
    replaceGlobal(t, "location", page && new URL(page));
    replaceGlobal(t, "document", page && { baseURI: page });
    const [code, , detail] = await detailOf(lost, url);
    assert.equal(code, "network_error");
    const origin = page && new URL(page).origin;
    assert.equal(detail, isOther
      ? `The token endpoint cannot be reached, or its ALLOWED_ORIGINS does not list ${origin}.`
      : "The token endpoint cannot be reached.");
  });
}

test("the error of a response that is cut off does not mention origins", async (t) => {
  hurry(t);
  const cutOff = () => new Response(new ReadableStream({ start: (controller) => controller.error(new TypeError("terminated")) }));
  assert.deepEqual(await detailOf(cutOff, "https://voice.example.com/cartesia/token"), [
    "network_error", undefined, "The response was cut off.",
  ]);
});
