// The providers in the form of the page, and the fields of their token requests. Each provider's
// page.js lists its fields.

import { element } from "./view.js";

/** The choice of a provider. `[data-who]` shows whether it is a stand-in. */
export function providerChoice(name, label, checked) {
  const who = element("small");
  who.dataset.who = name;
  return element("label", {},
    element("input", { type: "radio", name: "provider", value: name, checked }),
    element("span", {}, label, who));
}

/** The fields of a provider, hidden until it is chosen. `lists` are the deployment's own options. */
export function fieldsOf(provider, fields, lists) {
  const only = fields.length === 1;
  const complete = fields.map((field) => withOptions(field, lists));
  const group = element("div", { className: "fields", hidden: true }, ...complete.map((field) => (
    field.options ? choices(provider, field) : input(provider, field, only))));
  group.dataset.fields = provider;
  return group;
}

/** The values of a group of fields, as a form of this group alone would send them. */
export function valuesOf(group) {
  const values = new FormData();
  for (const { dataset, type, checked, value } of group.querySelectorAll("input")) {
    if (checked || !["checkbox", "radio"].includes(type)) values.append(dataset.field, value);
  }
  return values;
}

/** An object with a member that is true for each name. */
export function allTrue(names) {
  return Object.fromEntries(names.map((name) => [name, true]));
}

/** An empty field is not sent. */
export function number(text) {
  return text === "" ? undefined : Number(text);
}

/** An empty field is not sent: the endpoint then uses its default. */
export function text(value) {
  return value || undefined;
}

/** Replaces the name of a list by its options. If it is empty, the user types the value. */
export function withOptions(field, lists) {
  if (typeof field.options !== "string") return field;
  const options = lists[field.options];
  if (options.length === 0) return { ...field, type: "text", options: undefined };
  return { ...field, options, chosen: options.slice(0, 1) };
}

function choices(provider, { name, label, type, options, chosen }) {
  return element("fieldset", { className: "choices small" },
    element("legend", {}, ...caption(label, name)),
    ...options.map((option) => element("label", {},
      named(provider, name, { type, value: option, checked: chosen.includes(option) }),
      element("span", {}, option))));
}

function input(provider, { name, label, type, value = "" }, only) {
  const id = `${provider}-${name}`;
  const mode = type === "number" ? "numeric" : "text";
  return element("div", { className: only ? "field" : "field narrow" },
    element("label", { htmlFor: id }, ...caption(label, name)),
    named(provider, name, { id, type, inputMode: mode, value, autocapitalize: "none", spellcheck: false }));
}

/** Names are unique in the form, because several providers can have a field of one name. */
function named(provider, name, properties) {
  const created = element("input", { name: `${provider}.${name}`, ...properties });
  created.dataset.field = name;
  return created;
}

function caption(label, name) {
  return [`${label} `, element("code", {}, name)];
}
