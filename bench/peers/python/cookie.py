"""The cookie: the token, encrypted for its user with AES-256-GCM under a key derived from the API
key.
"""

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
MAX_BYTES = 4096


@functools.lru_cache(maxsize=2)
def keys(api_key):
    """The cipher of cookies, and the key of subject hashes."""

    def derive(purpose):
        return HKDF(SHA256(), 32, b"voicemint", purpose).derive(api_key.encode())

    return AESGCM(derive(b"cookie")), derive(b"subject")


def subject_id(session):
    return hashlib.sha256(json.dumps(session).encode()).hexdigest()


def subject_hash(session, api_key):
    return urlsafe_b64encode(hmac.digest(keys(api_key)[1], subject_id(session).encode(), "sha256")[:12]).decode()


def seal(session, issued, api_key):
    nonce = os.urandom(NONCE)
    text = json.dumps(issued | {"subject_id": subject_id(session)}, separators=(",", ":")).encode()
    return urlsafe_b64encode(nonce + keys(api_key)[0].encrypt(nonce, text, NAME.encode())).rstrip(b"=").decode()


def open_sealed(session, cookies, api_key):
    value = next((pair[len(NAME) + 1 :] for pair in cookies or () if pair.startswith(f"{NAME}=")), None)
    if value is None:
        return None
    try:
        sealed = urlsafe_b64decode(value + "=" * (-len(value) % 4))
        issued = json.loads(keys(api_key)[0].decrypt(sealed[:NONCE], sealed[NONCE:], NAME.encode()))
    except Exception:
        # A cookie that cannot be decrypted is ignored.
        return None
    return issued if issued["subject_id"] == subject_id(session) else None


def cookie(value, max_age):
    if len(NAME) + len(value) > MAX_BYTES:
        return None
    return f"{NAME}={value}; HttpOnly; Secure; SameSite=Strict; Path=/; Max-Age={max_age}"
