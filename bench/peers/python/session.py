"""Who calls: the page by Origin and Fetch Metadata, the user by a JWT against the issuer's key set."""

import os

import jwt
from answer import ORIGINS, Refusal

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
ISSUER = os.environ["SESSION_ISSUER"]
AUDIENCE = os.environ["SESSION_AUDIENCE"]

# Keeps the key set for ten minutes, and what was made of its keys as well.
key_set = jwt.PyJWKClient(os.environ["SESSION_JWKS_URL"], cache_keys=True, lifespan=600, timeout=3)


def load_key_set():
    key_set.get_jwk_set()


def admit_page(headers):
    for name in ("origin", "authorization", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"):
        if "," in headers.get(name, ""):
            raise Refusal(400, "request_malformed", f"Send the {name} header once, with one value.")
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    page = origin in ORIGINS if origin is not None else site in (None, "same-origin")
    by_fetch = headers.get("sec-fetch-mode") in (None, "cors", "same-origin")
    if not (page and by_fetch and headers.get("sec-fetch-dest") in (None, "empty")):
        raise Refusal(403, "origin_not_allowed", "Call from a page listed in ALLOWED_ORIGINS, with fetch.")


def verify(headers):
    """The issuer and the subject of the session."""
    credential = headers.get("authorization")
    if not credential:
        challenge = {"www-authenticate": "Bearer"}
        raise Refusal(401, "session_missing", "Sign in, and send the session as a Bearer token.", challenge)
    scheme, _, token = credential.partition(" ")
    challenge = {"www-authenticate": 'Bearer error="invalid_token"'}
    try:
        if scheme.lower() != "bearer" or " " in token:
            raise jwt.InvalidTokenError("not a Bearer token")
        claims = jwt.decode(
            token,
            key_set.get_signing_key_from_jwt(token).key,
            algorithms=ALGORITHMS,
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": ["iss", "aud", "sub", "exp"]},
        )
    except jwt.ExpiredSignatureError as error:
        raise Refusal(401, "session_expired", "Sign in again: the session has expired.", challenge) from error
    except jwt.PyJWKClientConnectionError as error:
        detail = "The issuer's keys cannot be had. Try again shortly."
        raise Refusal(503, "session_unavailable", detail, {"retry-after": "1"}) from error
    except jwt.PyJWTError as error:
        raise Refusal(401, "session_invalid", "Sign in again: the session is not valid.", challenge) from error
    return claims["iss"], claims["sub"]
