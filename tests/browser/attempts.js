// Attempts to call a token endpoint from a page that is not allowed to. Each runs in that page and
// returns what the page could read. Before it is the method that reaches the endpoint; after
// OPTIONS, no other request may follow.

/** Attempts that never mint a token, not even from the app. */
const NEVER_ALLOWED = {
  'a form': ['POST', (url) => submit(url)],
  'a text/plain form with a JSON body': ['POST', (url) => submit(url, { enctype: 'text/plain' }, { '{"expires_in":': '60}' })],
  'a multipart form': ['POST', (url) => submit(url, { enctype: 'multipart/form-data' })],
  'a form without fields': ['POST', (url) => submit(url, {}, {})],
  'a form by GET': ['GET', (url) => submit(url, { method: 'get' })],
  'a form that targets a frame': ['POST', (url) => {
    const frame = framed('about:blank');
    submit(url, { target: 'frame' });
    return peek(frame);
  }],
  'a form that targets a window': ['POST', (url) => {
    const popup = open('about:blank', 'popup');
    submit(url, { target: 'popup' });
    return peek(popup);
  }],
  'a form that hides its origin': ['POST', (url) => {
    put('meta', { name: 'referrer', content: 'no-referrer' });
    return submit(url);
  }],
  'a form that is redirected': ['POST', (url) => submit(redirect(url, 307))],

  'a link': ['GET', (url) => left(put('a', { href: url }).click())],
  'a ping of a link': ['POST', (url) => put('a', { href: '#', ping: url }).click()],
  'location': ['GET', (url) => left(location.href = url)],
  'a redirect': ['GET', (url) => left(location.href = redirect(url, 302))],
  'a redirect through another site': ['GET', (url, other) => left(location.href = redirect(other + redirect(url, 302), 302))],
  'a refresh': ['GET', (url) => left(put('meta', { httpEquiv: 'refresh', content: `0; url=${url}` }))],
  'a window': ['GET', (url) => peek(open(url))],
  'a frame': ['GET', (url) => peek(framed(url))],
  'an object': ['GET', (url) => load('object', { data: url })],
  'an embed': ['GET', (url) => { put('embed', { src: url }); }],

  'an image': ['GET', (url) => load('img', { src: url })],
  'a script': ['GET', (url) => load('script', { src: url })],
  'a module': ['GET', (url) => load('script', { type: 'module', crossOrigin: 'use-credentials', src: url })],
  'a stylesheet': ['GET', (url) => load('link', { rel: 'stylesheet', href: url })],
  'a prefetch': ['GET', (url) => { put('link', { rel: 'prefetch', href: url }); }],
  'an audio element': ['GET', (url) => load('audio', { src: url })],
  'an image that is redirected': ['GET', (url) => load('img', { src: redirect(url, 302) })],

  'a beacon': ['POST', (url) => { navigator.sendBeacon(url, '{"expires_in":60}'); }],
  'a beacon of a form': ['POST', (url) => { navigator.sendBeacon(url, new FormData()); }],
  'fetch without CORS': ['GET', (url) => read(fetch(url, { mode: 'no-cors', credentials: 'include' }))],
  'fetch without CORS by POST': ['POST', (url) => read(fetch(url, {
    method: 'POST', mode: 'no-cors', credentials: 'include', body: '{}',
  }))],
  'fetch without CORS that hides its origin': ['POST', (url) => read(fetch(url, {
    method: 'POST', mode: 'no-cors', credentials: 'include', referrerPolicy: 'no-referrer',
  }))],
  'fetch with keepalive': ['POST', (url) => {
    fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include', keepalive: true });
    return left(location.href = '/blank');
  }],
  'fetch in a sandbox': ['POST', (url) => elsewhere((post) => {
    put('iframe', { sandbox: 'allow-scripts', srcdoc: `<script>${post}</script>` });
  }, url)],

  'a WebSocket': ['GET', (url) => new Promise((resolve) => {
    const socket = new WebSocket(url.replace('https', 'wss'));
    socket.onopen = socket.onmessage = ({ type }) => resolve(type);
    socket.onerror = () => resolve('');
  })],
};

/** Attempts that mint a token from an allowed origin. */
const ALLOWED_ORIGIN_ONLY = {
  'a preload': ['GET', (url) => load('link', { rel: 'preload', as: 'fetch', crossOrigin: 'use-credentials', href: url })],
  'a beacon of JSON': ['OPTIONS', (url) => { navigator.sendBeacon(url, new Blob(['{}'], { type: 'application/json' })); }],
  'fetch': ['GET', (url) => read(fetch(url, { credentials: 'include' }))],
  'fetch by POST': ['POST', (url) => read(fetch(url, { method: 'POST', credentials: 'include' }))],
  'fetch with text': ['POST', (url) => read(fetch(url, { method: 'POST', credentials: 'include', body: '{}' }))],
  'fetch with JSON': ['OPTIONS', (url) => read(fetch(url, {
    method: 'POST', credentials: 'include', headers: { 'Content-Type': 'application/json' }, body: '{}',
  }))],
  'fetch with a header': ['OPTIONS', (url) => read(fetch(url, { credentials: 'include', headers: { Authorization: 'Bearer x' } }))],
  'fetch that would sign out': ['OPTIONS', (url) => read(fetch(url, { method: 'DELETE', credentials: 'include' }))],
  'fetch that is redirected': ['POST', (url) => read(fetch(redirect(url, 307), { method: 'POST', credentials: 'include' }))],
  'fetch in a worker': ['POST', (url) => elsewhere((post) => {
    const worker = new Worker(URL.createObjectURL(new Blob([post])));
    worker.onmessage = ({ data }) => postMessage(data);
  }, url)],
  'XMLHttpRequest': ['GET', (url) => new Promise((resolve) => {
    const request = Object.assign(new XMLHttpRequest(), { withCredentials: true });
    request.onloadend = () => resolve(request.responseText + request.getAllResponseHeaders());
    request.open('GET', url);
    request.send();
  })],
  'EventSource': ['GET', (url) => new Promise((resolve) => {
    const events = new EventSource(url, { withCredentials: true });
    events.onopen = events.onmessage = ({ type }) => resolve(type);
    events.onerror = () => { events.close(); resolve(''); };
  })],
};

/** Helper functions that the attempts use in the page. */
function tools() {
  Object.assign(window, {
    put(name, properties) {
      const element = document.createElement(name);
      for (const [key, value] of Object.entries(properties)) {
        if (key in element) element[key] = value;
        else element.setAttribute(key, value);
      }
      document.documentElement.append(element);
      return element;
    },

    /** Never resolves: it ends when the browser leaves the page. */
    left: () => new Promise(() => {}),

    redirect: (url, status) => `/to?${new URLSearchParams({ url, status })}`,

    submit(action, properties, fields = { expires_in: '60' }) {
      const form = put('form', { action, method: 'post', ...properties });
      for (const [name, value] of Object.entries(fields)) {
        form.append(Object.assign(document.createElement('input'), { name, value }));
      }
      return left(form.submit());
    },

    framed(src) {
      put('iframe', { name: 'frame', src });
      return frames[0];
    },

    /** What the page can read of another window, once it has content. */
    async peek(other) {
      for (let tries = 0; tries < 50; tries += 1) {
        try {
          if (other.location.href !== 'about:blank') return other.document.documentElement.outerHTML;
        } catch {
          return '';
        }
        await new Promise((resolve) => { setTimeout(resolve, 20); });
      }
      return '';
    },

    /** What the page can read of a response. */
    async read(call) {
      try {
        const response = await call;
        return `${response.status || ''}${await response.text()}${[...response.headers]}`;
      } catch {
        return '';
      }
    },

    load: (name, properties) => new Promise((resolve) => {
      put(name, { onload: () => resolve('loaded'), onerror: () => resolve(''), ...properties });
    }),

    /** Calls from another context, in which `start` runs a script, and waits for its message. */
    elsewhere: (start, url) => new Promise((resolve) => {
      window.onmessage = ({ data }) => resolve(data);
      const call = `fetch(${JSON.stringify(url)}, { method: 'POST', credentials: 'include' })`;
      start(`${call}.then((response) => response.text(), () => '').then((text) => {
        if (self.parent) parent.postMessage(text, '*');
        else postMessage(text);
      })`);
    }),
  });
}

module.exports = { ALLOWED_ORIGIN_ONLY, NEVER_ALLOWED, tools };
