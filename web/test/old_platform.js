// Removes APIs from this process that older platforms do not have. Import it before the client.

/**
 * Safari 15.4 to 17.3:
 * https://developer.mozilla.org/en-US/docs/Web/API/AbortSignal/any_static#browser_compatibility
 */
export function likeSafari16() {
  delete AbortSignal.any;
  delete AbortSignal.timeout;
  delete AbortSignal.prototype.throwIfAborted;
}

/**
 * React Native up to 0.86, whose signals come from the package abort-controller 3 and have no
 * reason.
 */
export function likeReactNative() {
  class AbortSignal extends EventTarget {
    aborted = false;
  }
  globalThis.AbortSignal = AbortSignal;
  globalThis.AbortController = class {
    signal = new AbortSignal();

    abort() {
      if (this.signal.aborted) return;
      this.signal.aborted = true;
      this.signal.dispatchEvent(new Event("abort"));
    }
  };
  delete globalThis.DOMException;
}
