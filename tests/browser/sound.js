// What is heard and said in a page, measured where it leaves the page. Its functions run in the page before its own scripts.

/**
 * `loudest()` gives the loudest sample that was `played` through an analyser, and the loudest that was `said` into sockets;
 * `inUse()` how many microphones and sockets that sent something are still open.
 */
function measureSound() {
  const samples = new Float32Array(512);
  let played = 0;
  let said = 0;
  const sockets = new Set();
  const tracks = [];
  const connect = AnalyserNode.prototype.connect;
  AnalyserNode.prototype.connect = function (...to) {
    if (to[0] instanceof AudioDestinationNode) {
      setInterval(() => {
        this.getFloatTimeDomainData(samples);
        for (const sample of samples) played = Math.max(played, Math.abs(sample));
      }, 20);
    }
    return connect.apply(this, to);
  };
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    sockets.add(this);
    for (const sample of samplesIn(data)) said = Math.max(said, Math.abs(sample));
    return send.call(this, data);
  };
  const getUserMedia = navigator.mediaDevices.getUserMedia;
  navigator.mediaDevices.getUserMedia = async function (asked) {
    const stream = await getUserMedia.call(this, asked);
    tracks.push(...stream.getTracks());
    return stream;
  };
  window.inUse = () => ({
    microphones: tracks.filter(({ readyState }) => readyState === 'live').length,
    sockets: [...sockets].filter(({ readyState }) => readyState <= WebSocket.OPEN).length,
  });
  window.loudest = () => ({ played, said: said / 32768 });

  /** As bytes, or as base64 in JSON. */
  function samplesIn(data) {
    if (typeof data !== 'string') return data;
    if (!data.includes('"audio_base_64"')) return [];
    const bytes = Uint8Array.from(atob(JSON.parse(data).audio_base_64), (letter) => letter.charCodeAt(0));
    return new Int16Array(bytes.buffer);
  }
}

module.exports = { measureSound };
