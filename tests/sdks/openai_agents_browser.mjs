// Connects as @openai/agents-realtime does in a browser, for openai.test.js. Node.js resolves the
// package's browser version with --conditions=browser. Arguments: the token, and the socket's URL.

const [token, url] = process.argv.slice(2);

let opened;
// The package takes the class when it is imported.
globalThis.WebSocket = class extends WebSocket {
  constructor(address, protocols) {
    super(address, protocols);
    opened = { socket: this, offered: protocols };
  }
};
const { RealtimeAgent, RealtimeSession } = await import('@openai/agents-realtime');

const agent = new RealtimeAgent({ name: 'Assistant', instructions: 'Be brief.' });
const session = new RealtimeSession(agent, { transport: 'websocket' });
const updated = new Promise((resolve) => {
  session.on('transport_event', (event) => { if (event.type === 'session.updated') resolve(event.session); });
});
await session.connect({ apiKey: token, url });
const { instructions } = await updated;
process.stdout.write(JSON.stringify({ offered: opened.offered, selected: opened.socket.protocol, instructions }));
session.close();
