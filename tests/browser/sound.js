// What is heard and said in a page, measured where it leaves the page. Its functions run in the page before its own scripts.

/** `loudest()` is the loudest sample that was played through an analyser, and `sent()` the loudest in what sockets sent. */
function measureSound() {
  const samples = new Float32Array(512);
  let played = 0;
  let said = 0;
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
    for (const sample of samplesIn(data)) said = Math.max(said, Math.abs(sample));
    return send.call(this, data);
  };
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
