"""Cold starts with a remote provider over TLS, with and without the `HEAD` that opens the
connection early, and with a fast and a slow Secrets Manager.

A proxy simulates the distance: it delays each byte by half a round trip, and each new connection by
one more round trip, which a TCP handshake takes. Behind the proxy is a TLS server, and behind that
the stand-in.
"""

import asyncio
import threading
from contextlib import suppress

from authority import server_context
from client import Response
from emulator import Emulator
from env import TARGET

PROVIDER = 0.05
# A connection and a secret take three round trips: a realistic time for AWS, including its KMS
# call.
SECRETS = 0.03
# Whether Secrets Manager is remote too, and whether the `HEAD` gets a connection.
CASES = {
    "warmed_ms": (False, True),
    "unwarmed_ms": (False, False),
    "warmed_slow_secret_ms": (True, True),
    "unwarmed_slow_secret_ms": (True, False),
}


def measure(function, env, rounds):
    """The duration of cold starts in milliseconds, by case."""
    values = {key: [] for key in CASES}
    tls = server_context(TARGET)
    with RemoteProxy(env.standin, PROVIDER, tls) as provider, RemoteProxy(env.moto, SECRETS, tls) as secrets:
        near = {"PROVIDER_BASE_URL": provider.url} | function.trust
        far = near | {"AWS_ENDPOINT_URL_SECRETS_MANAGER": secrets.url}
        for number in range(rounds):
            # Every other round runs the cases in reverse order.
            order = list(CASES.items())
            for key, (is_far, warms) in order[:: 1 if number % 2 else -1]:
                provider.refuses_next = not warms
                with Emulator(function, env, far if is_far else near) as emulator:
                    content, seconds = emulator.invoke(env.event(function.provider, env.session("first")))
                    if Response(content).status != 200:
                        raise SystemExit(f"{function.name} got no token over TLS:\n{emulator.log()[-4000:]}")
                values[key].append(seconds * 1e3)
    return values


class RemoteProxy:
    """A proxy that serves an address over TLS with the latency of a remote server."""

    def __init__(self, address, round_trip, tls):
        self.refuses_next = False
        self._round_trip = round_trip
        self._context = tls
        self._upstream = int(address.rpartition(":")[2])
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _start(self):
        tls = await asyncio.start_server(self._pass_on, "127.0.0.1", 0, ssl=self._context)
        self._tls = tls.sockets[0].getsockname()[1]
        front = await asyncio.start_server(self._delay, "127.0.0.1", 0)
        self.url = f"https://127.0.0.1:{front.sockets[0].getsockname()[1]}"

    async def _delay(self, reader, writer):
        if self.refuses_next:
            self.refuses_next = False
            writer.transport.abort()
            return
        await asyncio.sleep(self._round_trip)
        other = await asyncio.open_connection("127.0.0.1", self._tls)
        await between(reader, writer, other, self._round_trip / 2)

    async def _pass_on(self, reader, writer):
        await between(reader, writer, await asyncio.open_connection("127.0.0.1", self._upstream), 0)


async def between(reader, writer, other, delay):
    async def one_way(source, target):
        # Delayed chunks do not delay the chunks after them.
        loop, sent = asyncio.get_running_loop(), asyncio.Queue()

        async def arrive():
            while chunk := await sent.get():
                when, content = chunk
                await asyncio.sleep(when - loop.time())
                target.write(content)
                await target.drain()
            target.close()

        arriving = asyncio.create_task(arrive())
        with suppress(ConnectionError):
            while content := await source.read(65536):
                sent.put_nowait((loop.time() + delay, content))
        sent.put_nowait(None)
        with suppress(ConnectionError):
            await arriving

    await asyncio.gather(one_way(reader, other[1]), one_way(other[0], writer))
