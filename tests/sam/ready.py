"""Whether `sam local` can run here: python ready.py x86_64|arm64. If it cannot, one line says what to install."""

import sys

import docker
from docker.errors import APIError, DockerException, ImageNotFound

ENGINE = (
    "sam local needs a running Docker engine that lets you in: install one (Debian: apt-get install docker.io), start it and "
    "join the group docker, or point DOCKER_HOST to one."
)
IMAGE = (
    "sam local needs the image {}, which is not here and cannot be pulled: sudo make sam-image makes one like it from "
    "Debian's packages (apt-get install debootstrap)."
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
        except (APIError, OSError):  # what the engine says, or that it says nothing
            return IMAGE.format(image)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
