"""The API key from Secrets Manager, cached for five minutes, and the mint at Cartesia with one
retry.
"""

import json
import os
import random
import re
import time

import boto3
import urllib3
from response import Problem
from botocore.config import Config

API_VERSION = "2026-03-01"
BASE_URL = os.environ.get("PROVIDER_BASE_URL") or "https://api.cartesia.ai"
FRESH_FOR = 300
COOLDOWN = 10
TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")

secrets = boto3.client(
    "secretsmanager",
    config=Config(connect_timeout=1, read_timeout=1.5, retries={"mode": "standard", "total_max_attempts": 2}),
)
pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=1, read=3), retries=False)
cached = {"key": None, "loaded_at": float("-inf")}


def load_key():
    if time.monotonic() - cached["loaded_at"] < FRESH_FOR:
        return cached["key"]
    try:
        text = secrets.get_secret_value(SecretId=os.environ["API_KEY_SECRET_ID"])["SecretString"].strip()
        key = json.loads(text)[os.environ.get("API_KEY_JSON_FIELD") or "api_key"] if text.startswith("{") else text
        if not key:
            raise ValueError("the secret contains no key")
    except Exception as error:
        # An expired key is better than none.
        if cached["key"]:
            return cached["key"]
        headers = {"retry-after": "1"}
        detail = "The provider's key cannot be loaded. Try again shortly."
        raise Problem(503, "secret_unavailable", detail, headers) from error
    cached.update(key=key, loaded_at=time.monotonic())
    return key


def mint(token_request, key):
    response = attempt(token_request, key)
    if response.status == 401 and time.monotonic() - cached["loaded_at"] > COOLDOWN:
        cached["loaded_at"] = float("-inf")
        newer = load_key()
        if newer != key:
            response = attempt(token_request, newer)
    if response.status in (408, 429) or response.status >= 500:
        raise unavailable(f"the provider returned {response.status}")
    if not 200 <= response.status < 300:
        raise Problem(502, "provider_rejected", "The provider rejected the service's request or key.")
    try:
        token = json.loads(response.data)["token"]
    except (ValueError, KeyError, TypeError):
        token = None
    if not isinstance(token, str) or not TOKEN.fullmatch(token):
        raise Problem(502, "provider_rejected", "The provider's response contains no token.")
    return token


def attempt(token_request, key):
    for last in (False, True):
        try:
            response = call(token_request, key)
            if last or not (response.status == 408 or response.status >= 500):
                return response
        except urllib3.exceptions.ReadTimeoutError as error:
            raise Problem(504, "provider_timeout", "The provider did not answer in time.") from error
        except urllib3.exceptions.HTTPError as error:
            if last:
                raise unavailable("the provider is unreachable") from error
        time.sleep(random.uniform(0.05, 0.25))


def call(token_request, key):
    grants, expires_in = token_request
    headers = {
        "authorization": f"Bearer {key}",
        "cartesia-version": API_VERSION,
        "content-type": "application/json",
    }
    body = json.dumps({"grants": dict.fromkeys(grants, True), "expires_in": expires_in})
    return pool.request("POST", f"{BASE_URL}/access-token", body=body, headers=headers, redirect=False)


def unavailable(detail):
    return Problem(503, "provider_unavailable", f"Try again shortly: {detail}.", {"retry-after": "1"})
