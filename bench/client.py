"""An HTTP client for an emulator: one kept-alive connection, with minimal work between the two
clock readings.
"""

import json
import socket
import time

INVOKE = "/2015-03-31/functions/function/invocations"


class Client:
    def __init__(self, port):
        self._port = port
        self._socket = None

    def invoke(self, event):
        """Sends an event. Returns the response of the function as bytes, and the seconds that it
        took.
        """
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=30)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = f"POST {INVOKE} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(event)}\r\n\r\n"
        request = head.encode() + event
        began = time.perf_counter()
        self._socket.sendall(request)
        response = self._read()
        return response, time.perf_counter() - began

    def close(self):
        if self._socket is not None:
            self._socket.close()

    def _read(self):
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._receive()
        head, body = received[:end].decode().lower(), received[end + 4 :]
        status, _, fields = head.partition("\r\n")
        length = next((int(line[15:]) for line in fields.split("\r\n") if line.startswith("content-length:")), None)
        if length is None or " 200" not in status:
            raise ValueError(f"the emulator returned: {head}")
        while len(body) < length:
            body += self._receive()
        return body

    def _receive(self):
        received = self._socket.recv(65536)
        if not received:
            raise ConnectionError("the emulator closed the connection")
        return received


class Response:
    """A parsed response in API Gateway's payload format 2.0."""

    def __init__(self, content):
        document = json.loads(content)
        self.status = document.get("statusCode")
        if self.status is None:
            raise ValueError(f"not an API Gateway response: {content[:500].decode(errors='replace')}")
        self.headers = {name.lower(): value for name, value in document.get("headers", {}).items()}
        for name, values in (document.get("multiValueHeaders") or {}).items():
            self.headers.setdefault(name.lower(), ", ".join(values))
        self.cookies = document.get("cookies") or []
        body = document.get("body")
        self.json = json.loads(body) if body else {}

    @property
    def source(self):
        return self.headers.get("voicemint-source")

    @property
    def cookie(self):
        """The name and value of the cookie that the response sets."""
        return self.cookies[0].partition(";")[0] if self.cookies else None
