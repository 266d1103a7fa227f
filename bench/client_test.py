"""Tests of the HTTP client with a server that sends its responses in small pieces."""

import socket
import threading
import unittest
from contextlib import suppress

from client import Client

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nfirst"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    b"4\r\nsec\r\r\n1A;name=value\r\nond with \r\n 26 characters.\r\n0\r\nTrailer: value\r\n\r\n"
)
NO_TRAILER = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nthird\r\n0\r\n\r\n"


class ClientTest(unittest.TestCase):
    def client(self, responses, piece):
        """A client of a server that answers each request on a connection with the next response."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def serve():
            connection, _ = listener.accept()
            with connection, suppress(ConnectionError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for response in responses:
                    connection.recv(65536)
                    for start in range(0, len(response), piece):
                        connection.sendall(response[start : start + piece])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        client = Client(listener.getsockname()[1])
        self.addCleanup(thread.join, 10)
        self.addCleanup(client.close)
        return client

    def test_one_connection_serves_bodies_with_a_length_and_in_chunks(self):
        for piece in (1, 7, 1000):
            client = self.client([CHUNKED, PLAIN, NO_TRAILER, PLAIN], piece)
            bodies = [client.invoke(b"{}")[0] for _ in range(4)]
            self.assertEqual(bodies, [b"sec\rond with \r\n 26 characters.", b"first", b"third", b"first"])

    def test_other_responses_are_errors(self):
        for response in (
            PLAIN.replace(b"200 OK", b"500 Internal Server Error"),
            PLAIN.replace(b"Content-Length", b"Other"),
        ):
            with self.assertRaises(ValueError):
                self.client([response], 1000).invoke(b"{}")

    def test_a_connection_that_closes_within_a_body_is_an_error(self):
        for response in (PLAIN[:-1], CHUNKED[:-2]):
            with self.assertRaises(ConnectionError):
                self.client([response], 1000).invoke(b"{}")


if __name__ == "__main__":
    unittest.main()
