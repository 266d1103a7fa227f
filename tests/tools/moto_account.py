"""An AWS account in moto, and the environment variables that lead to it."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

import boto3

MOTO = Path(sys.executable).with_name("moto_server")
REGION = "eu-central-1"


@contextlib.contextmanager
def moto_account():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    moto = subprocess.Popen([MOTO, "-H", "127.0.0.1", "-p", str(port)], **quiet)
    # AWS_REGION, which boto3 itself does not read. The host is a name, not an address: otherwise
    # moto does not find templates by URLs with the bucket in the path.
    account = {"AWS_ENDPOINT_URL": f"http://localhost:{port}", "AWS_REGION": REGION}
    account |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    try:
        deadline = time.monotonic() + 30
        while not is_listening(port) and time.monotonic() < deadline:
            time.sleep(0.1)
        with mock.patch.dict(os.environ, others | account, clear=True):
            yield lambda service: boto3.client(service, region_name=REGION)
    finally:
        moto.terminate()
        moto.wait()


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
