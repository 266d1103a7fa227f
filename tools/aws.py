"""AWS clients for the scripts in this folder. Run directly, it prints the caller's identity, for
tools/doctor.
"""

import os
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

QUICK = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 1})


def client(service, default_region=None, region=None, profile=None, **options):
    # Lambda, sam and other SDKs read AWS_REGION. boto3 reads only AWS_DEFAULT_REGION.
    session = boto3.Session(region_name=region or os.environ.get("AWS_REGION") or None, profile_name=profile)
    return session.client(service, region_name=session.region_name or default_region, **options)


def errors():
    """What a call of AWS raises."""
    return BotoCoreError, ClientError


if __name__ == "__main__":
    try:
        print(client("sts", "us-east-1", config=QUICK).get_caller_identity()["Arn"])
    except (BotoCoreError, ClientError) as error:
        sys.exit(str(error).splitlines()[0])
