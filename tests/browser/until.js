// Waits for events in other processes. The timeout is generous, because the machine may be busy.

const { setTimeout: sleep } = require('node:timers/promises');

/** Waits until `condition` returns a truthy value, and returns it. */
async function until(what, condition, seconds = 60) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`timed out after ${seconds} s: ${what}`);
    await sleep(20);
  }
}

module.exports = { until };
