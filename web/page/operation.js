// An operation that its button can stop.

/**
 * Starts an operation that its button can stop. The button becomes a Stop button after 500 ms,
 * which `onMayStop` shows: the second click of a double click must not stop the operation, because
 * the token may already be used.
 */
export function begin(onMayStop) {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const operation = {
    signal: controller.signal,
    abort,
    stop: abort,
    mayStop: false,
    press: () => { if (operation.mayStop) operation.stop(); },
    end: () => clearTimeout(timer),
  };
  const timer = setTimeout(() => {
    operation.mayStop = true;
    onMayStop();
  }, 500);
  return operation;
}
