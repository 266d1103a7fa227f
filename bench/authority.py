"""A certificate authority, and the certificate of the servers that use TLS on this machine.

As at AWS and most providers, a server sends its own certificate and an intermediate one, and all
keys are RSA with 2048 bits.
"""

import datetime
import ipaddress
import ssl
from pathlib import Path

import botocore
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

# The authority's certificate, for clients that trust it in addition to others.
ROOT = "authority.pem"
# boto3's authorities and this one, for clients that trust this file instead of others. Without it,
# boto3 reads all of its authorities too.
BUNDLE = "authorities.pem"
# What a server sends, and its key.
CHAIN, KEY = "server.pem", "server.key.pem"


def write(folder):
    """Makes new keys and certificates, and writes the files into the folder."""
    root, intermediate, server = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(3))
    authority = certificate("Bench authority", root.public_key(), "Bench authority", root, is_authority=True)
    between = certificate("Bench intermediate", intermediate.public_key(), "Bench authority", root, is_authority=True)
    leaf = certificate("127.0.0.1", server.public_key(), "Bench intermediate", intermediate, is_authority=False)
    (folder / ROOT).write_bytes(pem(authority))
    boto3s = Path(botocore.__file__).with_name("cacert.pem").read_bytes()
    (folder / BUNDLE).write_bytes(boto3s + pem(authority))
    (folder / CHAIN).write_bytes(pem(leaf) + pem(between))
    key_format = serialization.PrivateFormat.PKCS8
    private = server.private_bytes(serialization.Encoding.PEM, key_format, serialization.NoEncryption())
    (folder / KEY).write_bytes(private)


def certificate(subject, key, issuer, issuer_key, is_authority):
    def name(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    usage = dict.fromkeys(
        ["content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"],
        False,
    ) | {"digital_signature": not is_authority, "key_cert_sign": is_authority, "crl_sign": is_authority}
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if not is_authority:
        names = [x509.IPAddress(ipaddress.ip_address(subject))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def pem(signed):
    return signed.public_bytes(serialization.Encoding.PEM)


def server_context(folder):
    """The TLS of a server in this process."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / CHAIN, folder / KEY)
    return context
