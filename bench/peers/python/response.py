"""Responses in API Gateway's payload format 2.0: the common headers, and problem documents."""

import json
import os

ORIGINS = {origin.strip() for origin in os.environ.get("ALLOWED_ORIGINS", "").split(",") if origin.strip()}

COMMON_HEADERS = {
    "cache-control": "no-store",
    "vary": "Origin",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "strict-transport-security": "max-age=63072000",
}

TITLES = {
    "request_malformed": "The request is malformed",
    "session_missing": "Not signed in",
    "session_invalid": "The session is not valid",
    "session_expired": "The session has expired",
    "origin_not_allowed": "The origin is not allowed",
    "grant_not_allowed": "The grant is not allowed",
    "method_not_allowed": "The method is not allowed",
    "request_too_large": "The request body is too large",
    "media_type_not_supported": "The media type is not supported",
    "request_invalid": "The request is not valid",
    "internal": "Internal error",
    "provider_rejected": "The provider rejected the request",
    "provider_unavailable": "The provider is unavailable",
    "provider_timeout": "The provider did not answer in time",
    "session_unavailable": "Sessions cannot be verified",
    "secret_unavailable": "The provider's key cannot be loaded",
}


class Problem(Exception):
    def __init__(self, status, code, detail, headers=None, errors=None):
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.headers, self.errors = headers or {}, errors

    def document(self, request_id):
        members = {
            "type": f"https://github.com/voicemint/voicemint#{self.code}",
            "title": TITLES[self.code],
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id,
        }
        return members | {"errors": self.errors} if self.errors else members


def respond(event, status, body=None, media_type="application/json", headers=None, cookie=None, steps=None):
    merged = dict(COMMON_HEADERS)
    origin = (event.get("headers") or {}).get("origin")
    if origin in ORIGINS:
        merged["access-control-allow-origin"] = origin
        merged["access-control-allow-credentials"] = "true"
        merged["access-control-expose-headers"] = "Retry-After, Voicemint-Source, Server-Timing"
        merged["cross-origin-resource-policy"] = "cross-origin"
    else:
        merged["cross-origin-resource-policy"] = "same-origin"
    if steps:
        merged["server-timing"] = ", ".join(f"{name};dur={took:.1f}" for name, took in steps.items())
    if body is not None:
        merged["content-type"] = media_type
    merged.update(headers or {})
    return {
        "statusCode": status,
        "headers": merged,
        "cookies": [cookie] if cookie else [],
        "body": "" if body is None else json.dumps(body, separators=(",", ":")),
        "isBase64Encoded": False,
    }
