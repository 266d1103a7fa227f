// Waiting for what happens elsewhere. How long it may take is no matter of the test: the machine may be busy.

const { setTimeout: sleep } = require('node:timers/promises');

/** Waits until `condition` gives something, and gives that. */
async function until(what, condition, seconds = 60) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s in vain: ${what}`);
    await sleep(20);
  }
}

module.exports = { until };
