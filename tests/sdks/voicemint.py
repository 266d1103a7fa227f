"""What an app does: it signs in and mints at Voicemint's endpoints."""

import functools
import json
import os
import time
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

APP = os.environ["VOICEMINT_URL"]

# The stand-ins over TLS, as the `base_url` that comes with each token says, and without it.
TLS = os.environ["STANDINS_TLS_URL"]
PLAIN = os.environ["STANDINS_URL"]


@functools.cache
def session():
    cookies = urllib.request.HTTPCookieProcessor(CookieJar())
    browser = urllib.request.build_opener(cookies, urllib.request.ProxyHandler({}))
    browser.open(f"{APP}/sign-in", data=urllib.parse.urlencode({"user": "ada"}).encode(), timeout=10).close()
    return browser


def mint(provider, **ask):
    """Mints, and gives all that Voicemint answers."""
    headers = {"Content-Type": "application/json", "Origin": APP}
    request = urllib.request.Request(f"{APP}/{provider}/token", data=json.dumps(ask).encode(), headers=headers)
    with session().open(request, timeout=10) as answer:
        return json.load(answer)


def expired(provider, **ask):
    """A token whose second is over."""
    minted = mint(provider, **ask, expires_in=1)
    time.sleep(1.1)
    return minted
