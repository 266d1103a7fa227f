"""The local command on ports of its own, and a caller that can send anything."""

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
class Answer:
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
        answer = Answer(response.status, [(n.lower(), v) for n, v in response.getheaders()], response.read())
        connection.close()
        return answer

    def sign_in(self, user):
        """A session, which is good as Bearer and in the cookie `dev_session`."""
        answer = self.send("POST", "/sign-in", {"content-type": "application/json"}, json.dumps({"user": user}).encode())
        return answer.header("set-cookie").partition("=")[2].partition(";")[0]

    def bearer(self, user):
        return {"authorization": f"Bearer {self.sign_in(user)}"}


@contextmanager
def local(*flags):
    with tempfile.TemporaryDirectory(prefix="voicemint-") as folder:
        with server(Path(folder, "ca.pem"), *flags) as environment:
            yield Local(environment["VOICEMINT_URL"])


@contextmanager
def closed_port():
    """A port at which nobody listens, while nobody else takes it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@contextmanager
def provider_that_says(answer):
    """A port at which every request gets these bytes; none, and it gets no answer."""
    listener = socket.create_server(("127.0.0.1", 0))
    kept = []

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            kept.append(connection)
            if answer:
                connection.recv(65536)
                connection.sendall(answer)
                connection.close()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
