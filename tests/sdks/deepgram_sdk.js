// Loads @deepgram/sdk as it behaves in a runtime: it looks at the global variables when it is loaded.

const SDK = '@deepgram/sdk';

/** The SDK for the runtime `node` or `browser`. In the latter, it uses Node's own `WebSocket`. */
function deepgramSdk(runtime) {
  if (runtime === 'node') return require(SDK);
  const loaded = Object.keys(require.cache).filter((file) => file.includes(SDK));
  const cached = loaded.map((file) => [file, require.cache[file]]);
  loaded.forEach((file) => delete require.cache[file]);
  globalThis.window = { document: {}, navigator: { userAgent: 'a browser' } };
  try {
    return require(SDK);
  } finally {
    delete globalThis.window;
    Object.keys(require.cache).filter((file) => file.includes(SDK)).forEach((file) => delete require.cache[file]);
    cached.forEach(([file, module]) => { require.cache[file] = module; });
  }
}

module.exports = { deepgramSdk };
