"""The local command on free ports, and a client that can send any request."""

import http.client
import json
import socket
import sys
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

sys.path.append(str(Path(__file__).parents[1] / "sdks"))
from serve import server  # noqa: E402


@dataclass
class Response:
    status: int
    headers: list
    body: bytes

    def header(self, name):
        return next((value for known, value in self.headers if known == name), None)

    def json(self):
        return json.loads(self.body)


class Local:
    def __init__(self, url):
        self.url = url
        self.address = urlsplit(url).netloc

    def send(self, method, path, headers=(), body=None):
        connection = http.client.HTTPConnection(self.address, timeout=15)
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in dict(headers).items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("content-length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        received = Response(response.status, [(n.lower(), v) for n, v in response.getheaders()], response.read())
        connection.close()
        return received

    def sign_in(self, user):
        """A session, valid as a bearer token and in the cookie `dev_session`."""
        response = self.send("POST", "/sign-in", {"content-type": "application/json"}, json.dumps({"user": user}).encode())
        return response.header("set-cookie").partition("=")[2].partition(";")[0]

    def bearer(self, user):
        return {"authorization": f"Bearer {self.sign_in(user)}"}


@contextmanager
def local(*flags):
    with tempfile.TemporaryDirectory(prefix="voicemint-") as folder:
        with server(Path(folder, "ca.pem"), *flags) as environment:
            yield Local(environment["VOICEMINT_URL"])


@contextmanager
def closed_port():
    """A port that refuses connections and that no other process can take."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@contextmanager
def provider_that_sends(response):
    """A port that sends these bytes to each request, or nothing if there are none."""
    listener = socket.create_server(("127.0.0.1", 0))
    connections = []

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections.append(connection)
            if response:
                connection.recv(65536)
                connection.sendall(response)
                connection.close()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
