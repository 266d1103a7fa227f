import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";

import { allTrue, number, text, withOptions } from "../page/fields.js";

const FUNCTIONS = new URL("../../functions/", import.meta.url);

/** The form of a provider's fields, as the page shows them first. */
function initialForm(fields) {
  const form = new FormData();
  for (const { name, options, chosen, value = "" } of fields.map((field) => withOptions(field, { profiles: [] }))) {
    for (const each of options ? chosen : [value]) form.append(name, String(each));
  }
  return form;
}

for (const name of readdirSync(FUNCTIONS)) {
  test(`${name}: the page's form makes a token request of its fields`, async () => {
    const { note, fields, ask, modes, rates } = await import(new URL(`${name}/page.js`, FUNCTIONS));
    assert.ok(note.endsWith("."));
    for (const { label, type, options = [], chosen = [] } of fields) {
      assert.ok(label && ["checkbox", "radio", "number", "text"].includes(type));
      assert.ok(Array.isArray(options) || options === "profiles");
      assert.ok(chosen.every((option) => options.includes(option)));
    }
    const names = fields.map((field) => field.name);
    assert.equal(new Set(names).size, names.length);
    const request = ask(initialForm(fields));
    assert.deepEqual(Object.keys(request).sort(), names.sort());
    for (const mode of modes?.(request) ?? []) assert.ok(["speak", "listen", "converse"].includes(mode));
    const own = typeof rates === "function" ? rates(request) : rates ?? {};
    for (const [direction, rate] of Object.entries(own)) {
      assert.ok(["input", "output"].includes(direction) && rate >= 8000 && Number.isInteger(rate / 10));
    }
  });
}

test("the options of a list are the deployment's, and its first one is chosen", () => {
  const field = { name: "profile", label: "Profile", type: "radio", options: "profiles" };
  assert.deepEqual(withOptions(field, { profiles: ["a", "b"] }), { ...field, options: ["a", "b"], chosen: ["a"] });
  assert.deepEqual(withOptions(field, { profiles: [] }), { ...field, type: "text", options: undefined });
});

test("an empty number or text is not sent, and names become members that are true", () => {
  assert.equal(JSON.stringify({ expires_in: number(""), profile: text("") }), "{}");
  assert.equal(text("receptionist"), "receptionist");
  assert.equal(number("60"), 60);
  assert.deepEqual(allTrue(["tts", "stt"]), { tts: true, stt: true });
});
