"""Checks that `sam local` can run here: python ready.py x86_64|arm64. If it cannot, prints what to
install.
"""

import sys

import docker
from docker.errors import APIError, DockerException, ImageNotFound

ENGINE = (
    "sam local needs access to a running Docker engine. Install one (Debian: apt-get install docker.io), start it and join "
    "the group docker, or set DOCKER_HOST."
)
IMAGE = (
    "sam local needs the image {}, which cannot be pulled. sudo make sam-image builds a substitute from Debian packages "
    "(apt-get install debootstrap)."
)


def main(architecture):
    image = f"public.ecr.aws/lambda/provided:al2023-{architecture}"
    try:
        engine = docker.from_env(timeout=300)
        engine.ping()
    except DockerException:
        return ENGINE
    try:
        engine.images.get(image)
    except ImageNotFound:
        print(f"pulling {image}", flush=True)
        try:
            engine.images.pull(image)
        except (APIError, OSError):  # an error of the engine, or no response
            return IMAGE.format(image)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
