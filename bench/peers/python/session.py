"""Checks the page by Origin and Fetch Metadata, and the user by a JWT and the issuer's JWK Set."""

import os

import jwt
from response import ORIGINS, Problem

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
ISSUER = os.environ["SESSION_ISSUER"]
AUDIENCE = os.environ["SESSION_AUDIENCE"]

# Caches the JWK Set and its parsed keys for ten minutes.
jwk_set = jwt.PyJWKClient(os.environ["SESSION_JWKS_URL"], cache_keys=True, lifespan=600, timeout=3)


def load_jwk_set():
    jwk_set.get_jwk_set()


def check_origin(headers):
    for name in ("origin", "authorization", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"):
        if "," in headers.get(name, ""):
            raise Problem(400, "request_malformed", f"Send the {name} header once, with one value.")
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    page = origin in ORIGINS if origin is not None else site in (None, "same-origin")
    by_fetch = headers.get("sec-fetch-mode") in (None, "cors", "same-origin")
    if not (page and by_fetch and headers.get("sec-fetch-dest") in (None, "empty")):
        raise Problem(403, "origin_not_allowed", "Call from a page listed in ALLOWED_ORIGINS, with fetch.")


def verify(headers):
    """The issuer and the subject of the session."""
    credential = headers.get("authorization")
    if not credential:
        challenge = {"www-authenticate": "Bearer"}
        raise Problem(401, "session_missing", "Sign in, and send the session as a Bearer token.", challenge)
    scheme, _, token = credential.partition(" ")
    challenge = {"www-authenticate": 'Bearer error="invalid_token"'}
    try:
        if scheme.lower() != "bearer" or " " in token:
            raise jwt.InvalidTokenError("not a Bearer token")
        claims = jwt.decode(
            token,
            jwk_set.get_signing_key_from_jwt(token).key,
            algorithms=ALGORITHMS,
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": ["iss", "aud", "sub", "exp"]},
        )
    except jwt.ExpiredSignatureError as error:
        raise Problem(401, "session_expired", "Sign in again: the session has expired.", challenge) from error
    except jwt.PyJWKClientConnectionError as error:
        detail = "The issuer's keys are unavailable. Try again shortly."
        raise Problem(503, "session_unavailable", detail, {"retry-after": "1"}) from error
    except jwt.PyJWTError as error:
        raise Problem(401, "session_invalid", "Sign in again: the session is not valid.", challenge) from error
    return claims["iss"], claims["sub"]
