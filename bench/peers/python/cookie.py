"""The cookie: the token sealed with AES-256-GCM, under a key derived from the API key, for the one whose it is."""

import functools
import hashlib
import hmac
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NAME = "__Host-cartesia-token"
NONCE = 12
MOST_BYTES = 4096


@functools.lru_cache(maxsize=2)
def keys(api_key):
    """What seals cookies, and the key of subjects' hashes."""

    def derive(purpose):
        return HKDF(SHA256(), 32, b"voicemint", purpose).derive(api_key.encode())

    return AESGCM(derive(b"cookie")), derive(b"subject")


def owner(session):
    return hashlib.sha256(json.dumps(session).encode()).hexdigest()


def subject_hash(session, api_key):
    return urlsafe_b64encode(hmac.digest(keys(api_key)[1], owner(session).encode(), "sha256")[:12]).decode()


def seal(session, lease, api_key):
    nonce = os.urandom(NONCE)
    text = json.dumps(lease | {"owner": owner(session)}, separators=(",", ":")).encode()
    return urlsafe_b64encode(nonce + keys(api_key)[0].encrypt(nonce, text, NAME.encode())).rstrip(b"=").decode()


def open_sealed(session, cookies, api_key):
    value = next((pair[len(NAME) + 1 :] for pair in cookies or () if pair.startswith(f"{NAME}=")), None)
    if value is None:
        return None
    try:
        sealed = urlsafe_b64decode(value + "=" * (-len(value) % 4))
        lease = json.loads(keys(api_key)[0].decrypt(sealed[:NONCE], sealed[NONCE:], NAME.encode()))
    except Exception:
        # A cookie that does not open is ignored.
        return None
    return lease if lease["owner"] == owner(session) else None


def cookie(value, max_age):
    if len(NAME) + len(value) > MOST_BYTES:
        return None
    return f"{NAME}={value}; HttpOnly; Secure; SameSite=Strict; Path=/; Max-Age={max_age}"
