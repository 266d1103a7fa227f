"""Runs a command with Voicemint and its stand-in providers: python serve.py COMMAND...

VOICEMINT_DEV is the binary. The command gets the addresses in VOICEMINT_URL, STANDINS_URL and
STANDINS_TLS_URL, and trusts the CA of the latter.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "tools"))
from providers import providers  # noqa: E402

READY_WITHIN = 120
DONE_WITHIN = 900

# With a key in its environment, the binary would call the real provider, and an SDK would send the
# key instead of the token.
REAL_ACCOUNTS = tuple(f"{provider.name.upper().replace('-', '_')}_" for provider in providers())


def main(command):
    # A signal ends the server too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="voicemint-") as folder, server(Path(folder, "ca.pem")) as environment:
        try:
            return subprocess.run(command, env=environment, timeout=DONE_WITHIN).returncode
        except subprocess.TimeoutExpired:
            return f"{command[0]} took longer than {DONE_WITHIN} s"


@contextmanager
def server(ca, *more):
    app, plain, tls = free_ports(3)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(REAL_ACCOUNTS)}
    flags = ["--port", app, "--standins-port", plain, "--tls-port", tls, "--ca-file", ca]
    # TLS, as with real providers: some SDKs always use wss://.
    flags += ["--base-url", f"https://localhost:{tls}", *more]
    binary = os.environ["VOICEMINT_DEV"]
    process = subprocess.Popen([binary, *map(str, flags)], env=environment, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + READY_WITHIN
        while not (all(map(accepts, (app, plain, tls))) and ca.exists()):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{binary} did not start")
            time.sleep(0.02)
        yield environment | {
            "VOICEMINT_URL": f"http://localhost:{app}",
            "STANDINS_URL": f"http://localhost:{plain}",
            "STANDINS_TLS_URL": f"https://localhost:{tls}",
            "NODE_EXTRA_CA_CERTS": str(ca),
            "SSL_CERT_FILE": str(ca),
            # Otherwise a proxy would be used for these addresses too.
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }
    finally:
        process.terminate()
        process.wait()


def free_ports(count):
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
