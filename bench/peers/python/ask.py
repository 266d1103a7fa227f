"""What is asked: the fields of a JSON body or of a query string, checked against what the deployment permits."""

import base64
import json
import os
from urllib.parse import parse_qsl

from answer import Refusal

GRANTS = ("tts", "stt", "agent")
ALLOWED = [grant.strip() for grant in (os.environ.get("ALLOWED_GRANTS") or "tts,stt").split(",")]
MOST = int(os.environ.get("MAX_EXPIRES_IN") or 3600)
DEFAULT = min(int(os.environ.get("DEFAULT_EXPIRES_IN") or 60), MOST)
MOST_BYTES = 4096


def read_ask(event):
    """The grants and the lifetime that are asked for."""
    fields = query(event) if event["requestContext"]["http"]["method"] == "GET" else body(event)
    errors = []
    grants = read_grants(fields.get("grants"), errors)
    expires_in = fields.get("expires_in")
    expires_in = DEFAULT if expires_in is None else expires_in
    if type(expires_in) is not int or not 1 <= expires_in <= MOST:
        errors.append({"field": "expires_in", "message": f"must be a whole number of seconds from 1 to {MOST}"})
    for field in fields.keys() - {"grants", "expires_in"}:
        errors.append({"field": field, "message": "is not known here; permitted: grants, expires_in"})
    if errors:
        detail = "; ".join(f"{error['field']}: {error['message']}" for error in errors)
        raise Refusal(422, "request_invalid", detail, errors=errors)
    refused = [grant for grant in grants if grant not in ALLOWED]
    if refused:
        raise Refusal(403, "grant_not_allowed", f"Ask for less: {', '.join(refused)} is not in ALLOWED_GRANTS.")
    return grants, expires_in


def read_grants(given, errors):
    if given is None:
        return ALLOWED
    good = isinstance(given, dict) and all(
        name in GRANTS and (on is None or isinstance(on, bool)) for name, on in given.items()
    )
    grants = [name for name in GRANTS if given.get(name)] if good else []
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
    if len(content) > MOST_BYTES:
        raise Refusal(413, "request_too_large", f"Send at most {MOST_BYTES} bytes.")
    media_type = event["headers"].get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Refusal(415, "media_type_not_supported", "Send the ask as application/json.")
    try:
        fields = json.loads(content)
    except ValueError as error:
        raise Refusal(400, "request_malformed", "Send one JSON object.") from error
    if not isinstance(fields, dict):
        raise Refusal(400, "request_malformed", "Send one JSON object.")
    return fields
