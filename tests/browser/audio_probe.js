// Measures the audio that a page plays and sends. Runs in the page before its own scripts.

/**
 * `loudest()` returns the loudest sample `played` through an analyser and the loudest `sent` to a
 * socket, since `forgetAudio()`. `inUse()` returns how many microphones, and how many sockets that sent data, are open.
 */
function installAudioProbe() {
  const samples = new Float32Array(512);
  let played = 0;
  let sent = 0;
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
    for (const sample of samplesIn(data)) sent = Math.max(sent, Math.abs(sample));
    return send.call(this, data);
  };
  const getUserMedia = navigator.mediaDevices.getUserMedia;
  navigator.mediaDevices.getUserMedia = async function (constraints) {
    const stream = await getUserMedia.call(this, constraints);
    tracks.push(...stream.getTracks());
    return stream;
  };
  window.inUse = () => ({
    microphones: tracks.filter(({ readyState }) => readyState === 'live').length,
    sockets: [...sockets].filter(({ readyState }) => readyState <= WebSocket.OPEN).length,
  });
  window.forgetAudio = () => { played = sent = 0; };
  window.loudest = () => ({ played, sent: sent / 32768 });

  /** The samples of a message: bytes, or base64 in JSON. */
  function samplesIn(data) {
    if (typeof data !== 'string') return data;
    if (!data.startsWith('{')) return [];
    const message = JSON.parse(data);
    const fields = [message.audio_base_64, message.user_audio_chunk, message.audio, message.realtimeInput?.audio?.data];
    const audio = fields.find((field) => typeof field === 'string');
    if (!audio) return [];
    const bytes = Uint8Array.from(atob(audio), (letter) => letter.charCodeAt(0));
    return new Int16Array(bytes.buffer);
  }
}

module.exports = { installAudioProbe };
