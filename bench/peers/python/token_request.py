"""The token request: the fields of a JSON body or a query string, validated against the settings.
"""

import base64
import json
import os
from urllib.parse import parse_qsl

from response import Problem

GRANTS = ("tts", "stt", "agent")
ALLOWED = [grant.strip() for grant in (os.environ.get("ALLOWED_GRANTS") or "tts,stt").split(",")]
MAX_EXPIRES_IN = int(os.environ.get("MAX_EXPIRES_IN") or 3600)
DEFAULT = min(int(os.environ.get("DEFAULT_EXPIRES_IN") or 60), MAX_EXPIRES_IN)
MAX_BYTES = 4096


def read_token_request(event):
    """The requested grants and lifetime."""
    fields = query(event) if event["requestContext"]["http"]["method"] == "GET" else body(event)
    errors = []
    grants = read_grants(fields.get("grants"), errors)
    expires_in = fields.get("expires_in")
    expires_in = DEFAULT if expires_in is None else expires_in
    if type(expires_in) is not int or not 1 <= expires_in <= MAX_EXPIRES_IN:
        errors.append({"field": "expires_in", "message": f"must be a whole number of seconds from 1 to {MAX_EXPIRES_IN}"})
    for field in fields.keys() - {"grants", "expires_in"}:
        errors.append({"field": field, "message": "is unknown; permitted: grants, expires_in"})
    if errors:
        detail = "; ".join(f"{error['field']}: {error['message']}" for error in errors)
        raise Problem(422, "request_invalid", detail, errors=errors)
    rejected = [grant for grant in grants if grant not in ALLOWED]
    if rejected:
        raise Problem(403, "grant_not_allowed", f"Request fewer grants: {', '.join(rejected)} is not in ALLOWED_GRANTS.")
    return grants, expires_in


def read_grants(value, errors):
    if value is None:
        return ALLOWED
    valid = isinstance(value, dict) and all(
        name in GRANTS and (on is None or isinstance(on, bool)) for name, on in value.items()
    )
    grants = [name for name in GRANTS if value.get(name)] if valid else []
    if not grants:
        message = f"must be an object of {', '.join(GRANTS)}, each true, false or null, and at least one true"
        errors.append({"field": "grants", "message": message})
    return grants


def query(event):
    fields = dict(parse_qsl(event.get("rawQueryString") or "", keep_blank_values=True))
    if "grants" in fields:
        fields["grants"] = {name.strip(): True for name in fields["grants"].split(",")}
    if fields.get("expires_in", "").isdecimal():
        fields["expires_in"] = int(fields["expires_in"])
    return fields


def body(event):
    text = event.get("body")
    if not text:
        return {}
    content = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode()
    if len(content) > MAX_BYTES:
        raise Problem(413, "request_too_large", f"Send at most {MAX_BYTES} bytes.")
    media_type = event["headers"].get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Problem(415, "media_type_not_supported", "Send the body as application/json.")
    try:
        fields = json.loads(content)
    except ValueError as error:
        raise Problem(400, "request_malformed", "Send one JSON object.") from error
    if not isinstance(fields, dict):
        raise Problem(400, "request_malformed", "Send one JSON object.")
    return fields
