"""The environment of a function: moto as Secrets Manager, bench/standin as issuer and providers, both
with TLS and without, user sessions, and the API Gateway events that carry them.
"""

import functools
import http.client
import json
import os
import ssl
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import authority
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

import processes

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "target/bench"
ORIGIN = "https://app.example.com"
AUDIENCE = "voicemint-bench"
# moto reads the service from the signature's scope and does not verify the signature.
SIGNATURE = (
    "AWS4-HMAC-SHA256 Credential=ASIAFAKE/20260101/us-east-1/secretsmanager/aws4_request, "
    "SignedHeaders=host, Signature=fake"
)
# Longer than the default, so that a token can be resumed until the end of the measurement.
CARTESIA_REQUEST = {"grants": {"tts": True}, "expires_in": 600}


class BenchEnv:
    def __enter__(self):
        self._keys = {
            "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
            "ES256": ec.generate_private_key(ec.SECP256R1()),
        }
        with ExitStack() as stack:
            TARGET.mkdir(parents=True, exist_ok=True)
            authority.write(TARGET)
            self._start_standin(stack)
            self.moto = self._start_moto(stack)
            certificate = ["--ssl-cert", TARGET / authority.CHAIN, "--ssl-key", TARGET / authority.KEY]
            self.tls_moto = self._start_moto(stack, "https", certificate)
            for moto in (self.moto, self.tls_moto):
                self._create_secrets(moto)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def variables(self, name):
        """The variables that Lambda sets, and the settings that point the function of a provider to
        this environment.
        """
        provider = self.providers[name]
        own = dict.fromkeys(provider["url_settings"], self.standin) | dict(provider["settings"])
        if provider["profiles"]:
            own |= {"PROFILES_SECRET_ID": f"{name}-profiles", "DEFAULT_PROFILE": "default"}
        return own | {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "ASIAFAKEFAKEFAKEFAKE",
            "AWS_SECRET_ACCESS_KEY": "fake-secret-access-key",
            "AWS_SESSION_TOKEN": "fake-session-token",
            "AWS_LAMBDA_FUNCTION_NAME": "bench",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_TIMEOUT": "20",
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": self.moto,
            "API_KEY_SECRET_ID": name,
            "SESSION_ISSUER": self.standin,
            "SESSION_JWKS_URL": f"{self.standin}/keys.json",
            "SESSION_AUDIENCE": AUDIENCE,
            "ALLOWED_ORIGINS": ORIGIN,
        }

    def over_tls(self, provider):
        """The settings that differ if Secrets Manager, the key set and the provider use TLS.

        Without a file of authorities, the function trusts none of them.
        """
        return dict.fromkeys(self.providers[provider]["url_settings"], self.tls_standin) | {
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": self.tls_moto,
            "SESSION_JWKS_URL": f"{self.tls_standin}/keys.json",
        }

    def session(self, user, algorithm="RS256", **changes):
        """A session of a user, about as large as the sessions of identity providers."""
        now = int(time.time())
        claims = {
            "iss": self.standin,
            "aud": AUDIENCE,
            "sub": user,
            "iat": now,
            "exp": now + 3600,
            "jti": f"session-of-{user}-{now}",
            "azp": ORIGIN,
            "email": f"{user}@example.com",
            "email_verified": True,
            "scope": "openid profile email",
        }
        return jwt.encode(claims | changes, self._keys[algorithm], algorithm, headers={"kid": algorithm})

    def mints(self):
        """How many tokens the providers have issued."""
        with urllib.request.urlopen(f"{self.standin}/mints", timeout=10) as response:
            return int(response.read())

    def moto_ms(self):
        """How long moto takes to return the secret."""
        began = time.perf_counter()
        self._moto(self.moto, "GetSecretValue", SecretId="cartesia")
        return (time.perf_counter() - began) * 1e3

    def _create_secrets(self, moto):
        for name, provider in self.providers.items():
            self._moto(moto, "CreateSecret", Name=name, SecretString=secret_of(provider))
            if provider["profiles"]:
                self._moto(moto, "CreateSecret", Name=f"{name}-profiles", SecretString=provider["profiles"])

    def _start_standin(self, stack):
        jwk_set = TARGET / "keys.json"
        jwk_set.write_text(json.dumps({"keys": [self._public(name) for name in self._keys]}))
        reading, writing = os.pipe()
        files = [jwk_set, TARGET / authority.CHAIN, TARGET / authority.KEY]
        process = processes.start([os.environ["BENCH_STANDIN"], *files], {}, writing)
        stack.callback(processes.stop, process)
        os.close(writing)
        with os.fdopen(reading) as output:
            line = output.readline()
        if not line.startswith("{"):
            raise SystemExit(f"The stand-ins did not start: {line}")
        started = json.loads(line)
        self.standin, self.tls_standin, self.providers = started["url"], started["tls_url"], started["providers"]
        self.providers["cartesia"]["request"] = CARTESIA_REQUEST

    def event(self, provider, session=None, cookie=None, method="POST", headers=None, body=None):
        """An API Gateway event with the provider's smallest request, as bytes."""
        document = json.loads(example(provider))
        document["requestContext"]["http"]["method"] = method
        document["body"] = json.dumps(self.providers[provider]["request"]) if body is None else body
        document["headers"].pop("authorization")
        document["headers"] |= {"origin": ORIGIN, "content-length": str(len(document["body"]))} | (headers or {})
        if session:
            document["headers"]["authorization"] = f"Bearer {session}"
        if cookie:
            document["cookies"] = [cookie]
        return json.dumps(document, separators=(",", ":")).encode()

    def _public(self, algorithm):
        public = jwt.get_algorithm_by_name(algorithm).to_jwk(self._keys[algorithm].public_key(), as_dict=True)
        return public | {"kid": algorithm, "alg": algorithm, "use": "sig"}

    def _start_moto(self, stack, scheme="http", certificate=()):
        port = processes.free_port()
        command = [os.environ["BENCH_MOTO"], "--host", "127.0.0.1", "--port", port, *certificate]
        process = processes.start(command, {"PATH": "/usr/local/bin:/usr/bin:/bin"})
        stack.callback(processes.stop, process)
        processes.wait_for_port(port, process, "moto", seconds=60)
        return f"{scheme}://127.0.0.1:{port}"

    def _moto(self, moto, operation, **members):
        headers = {
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": f"secretsmanager.{operation}",
            "authorization": SIGNATURE,
        }
        scheme, _, address = moto.partition("://")
        if scheme == "https":
            trusting = ssl.create_default_context(cafile=TARGET / authority.ROOT)
            connection = http.client.HTTPSConnection(address, timeout=30, context=trusting)
        else:
            connection = http.client.HTTPConnection(address, timeout=30)
        connection.request("POST", "/", json.dumps(members), headers)
        response = connection.getresponse()
        if response.status != 200:
            raise SystemExit(f"moto returned {operation}: {response.read().decode()}")
        response.read()
        connection.close()


def secret_of(provider):
    """The value of a provider's secret, as a JSON object."""
    secret = provider["secret"]
    return secret if secret.startswith("{") else json.dumps({"api_key": secret})


@functools.cache
def example(provider):
    return (ROOT / f"functions/{provider}/event.json").read_text()
