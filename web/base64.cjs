// Generated from web/base64.js by `make generate`. Do not edit.
"use strict";

// Audio in JSON messages.

/** Decodes base64. */
function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

// The arguments of one call are limited.
const SLICE = 0x8000;

/** Encodes samples as base64. */
function toBase64(samples) {
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  let text = "";
  for (let at = 0; at < bytes.length; at += SLICE) text += String.fromCharCode(...bytes.subarray(at, at + SLICE));
  return btoa(text);
}

module.exports = { fromBase64, toBase64 };
