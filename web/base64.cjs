// Generated from web/base64.js by `make generate`. Do not edit.
"use strict";

// Audio in JSON messages.

/** Decodes base64. */
function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** Encodes samples as base64. A chunk of 100 ms is short enough for one call. */
function toBase64(samples) {
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  return btoa(String.fromCharCode(...bytes));
}

module.exports = { fromBase64, toBase64 };
