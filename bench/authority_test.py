"""Tests of the certificates: who accepts them, with handshakes in memory."""

import ssl
import tempfile
import unittest
from pathlib import Path

import authority


class AuthorityTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        authority.write(cls.folder)

    def handshake(self, trusting, host):
        """The protocol of a connection between the server and a client."""
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = authority.server_context(self.folder).wrap_bio(to_server, to_client, server_side=True)
        client = trusting.wrap_bio(to_client, to_server, server_hostname=host)
        waiting = {server, client}
        while waiting:
            for end in list(waiting):
                try:
                    end.do_handshake()
                    waiting.remove(end)
                except ssl.SSLWantReadError:
                    pass
        return client.version()

    def test_a_client_that_trusts_either_file_accepts_the_server(self):
        for file in (authority.ROOT, authority.BUNDLE):
            trusting = ssl.create_default_context(cafile=self.folder / file)
            self.assertEqual(self.handshake(trusting, "127.0.0.1"), "TLSv1.3")

    def test_other_clients_and_other_names_do_not(self):
        with self.assertRaisesRegex(ssl.SSLCertVerificationError, "unable to get local issuer"):
            self.handshake(ssl.create_default_context(), "127.0.0.1")
        with self.assertRaisesRegex(ssl.SSLCertVerificationError, "IP address mismatch"):
            self.handshake(ssl.create_default_context(cafile=self.folder / authority.ROOT), "127.0.0.2")

    def test_a_server_sends_two_certificates_as_public_ones_do(self):
        self.assertEqual((self.folder / authority.CHAIN).read_text().count("BEGIN CERTIFICATE"), 2)


if __name__ == "__main__":
    unittest.main()
