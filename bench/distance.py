"""Cold starts with a remote provider over TLS, with and without the `HEAD` that opens the
connection early, and with a fast and a slow Secrets Manager.

A proxy simulates the distance: it delays each byte by half a round trip, and each new connection by
one more round trip, which a TCP handshake takes. Behind the proxy is a TLS server, and behind that
the stand-in.
"""

import asyncio
import datetime
import ipaddress
import ssl
import threading
from contextlib import suppress

from client import Response
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from emulator import Emulator
from env import TARGET

PROVIDER = 0.05
# A connection and a secret take three round trips: a realistic time for AWS, including its KMS
# call.
SECRETS = 0.03
AUTHORITY = TARGET / "authority.pem"
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
    tls = context()
    with RemoteProxy(env.standin, PROVIDER, tls) as provider, RemoteProxy(env.moto, SECRETS, tls) as secrets:
        near = {"PROVIDER_BASE_URL": provider.url, "SSL_CERT_FILE": str(AUTHORITY)}
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


def context():
    """A TLS context with a self-signed certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stand-in")])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    AUTHORITY.write_bytes(pem)
    private = TARGET / "authority.key.pem"
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(AUTHORITY, private)
    return context
