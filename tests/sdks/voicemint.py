"""Signs in and mints tokens at Voicemint's endpoints, as an app does."""

import functools
import json
import os
import time
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

APP = os.environ["VOICEMINT_URL"]

# The stand-ins with TLS, which is the `base_url` of the tokens, and without TLS.
TLS = os.environ["STANDINS_TLS_URL"]
PLAIN = os.environ["STANDINS_URL"]


@functools.cache
def session():
    cookies = urllib.request.HTTPCookieProcessor(CookieJar())
    browser = urllib.request.build_opener(cookies, urllib.request.ProxyHandler({}))
    browser.open(f"{APP}/sign-in", data=urllib.parse.urlencode({"user": "ada"}).encode(), timeout=10).close()
    return browser


def mint(provider, **token_request):
    """Mints a token. Returns the response body."""
    headers = {"Content-Type": "application/json", "Origin": APP}
    request = urllib.request.Request(f"{APP}/{provider}/token", data=json.dumps(token_request).encode(), headers=headers)
    with session().open(request, timeout=10) as response:
        return json.load(response)


def expired(provider, **token_request):
    """An expired token. Its lifetime is a second, unless the request has the provider's shortest one."""
    minted = mint(provider, **{"expires_in": 1, **token_request})
    time.sleep(minted["expires_in"] + 0.1)
    return minted
