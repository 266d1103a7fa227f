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
        # What was received and not read yet.
        self._buffer = b""

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
        """The body of a response. The emulator sends longer bodies in chunks (RFC 9112 section 7.1).
        """
        head = self._read_to(b"\r\n\r\n").decode().lower()
        status, *fields = head.split("\r\n")
        fields = {name: value.strip() for name, _, value in (field.partition(":") for field in fields)}
        if " 200" not in status:
            raise ValueError(f"the emulator returned: {head}")
        if fields.get("transfer-encoding") == "chunked":
            return b"".join(self._chunks())
        if "content-length" not in fields:
            raise ValueError(f"the emulator's response has no length: {head}")
        return self._read_bytes(int(fields["content-length"]))

    def _chunks(self):
        while size := int(self._read_to(b"\r\n").partition(b";")[0], 16):
            yield self._read_bytes(size)
            self._read_to(b"\r\n")
        # The body ends with trailer fields, of which there may be none, and an empty line.
        while self._read_to(b"\r\n"):
            pass

    def _read_to(self, end):
        """The bytes before `end`, which is skipped."""
        while (found := self._buffer.find(end)) < 0:
            self._receive()
        read, self._buffer = self._buffer[:found], self._buffer[found + len(end) :]
        return read

    def _read_bytes(self, count):
        while len(self._buffer) < count:
            self._receive()
        read, self._buffer = self._buffer[:count], self._buffer[count:]
        return read

    def _receive(self):
        received = self._socket.recv(65536)
        if not received:
            raise ConnectionError("the emulator closed the connection")
        self._buffer += received


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
