"""Where the instructions of a request go: the function of Cartesia under callgrind, in counts that no other load changes.

Two runs with different numbers of requests, and the difference between them by the requests that it is for: so what is done
once at the start does not count. Callgrind's processor lacks the instructions for SHA-256 and for long multiplication that
real ones have, so cryptography looks dearer than it is.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import processes
from contestants import binary
from emulator import Emulator
from world import TARGET, event

FEW, MANY = 20, 220
LINES = 40
# A line of callgrind_annotate: instructions, their share, file:function.
LINE = re.compile(r"^ *([\d,]+) \([ \d.]+%\) +(?:\S*?:)?(.+?)(?: \[.*\])?$")


def run(world):
    if not shutil.which("valgrind"):
        sys.exit("This needs valgrind (Debian: apt-get install valgrind).")
    floor = binary("floor", "", "cartesia", Path(os.environ["BENCH_FLOOR"]), mints=False)
    cartesia = binary("cartesia", "", "cartesia", Path(os.environ["BENCH_PROFILED"]))
    new = [world.session(f"user-{number}") for number in range(MANY)]
    print(f"{per_request(floor, world, new):>9,.0f}  instructions of an event that the floor does nothing about")
    print(f"{per_request(cartesia, world, new):>9,.0f}  of a mint with a session that the function has not seen")
    print(f"{per_request(cartesia, world, new[:1] * MANY):>9,.0f}  of a mint with one that it has")
    print(f"{per_request(cartesia, world, new[:1] * MANY, resumes=True):>9,.0f}  of a resumed request\n")
    print(f"Of {MANY} mints with new sessions, and of the start before them:\n")
    for count, function in functions(profiled(cartesia, world, new)):
        print(f"{count / MANY:>9,.0f}  {function}")


def per_request(contestant, world, sessions, resumes=False):
    few, many = (total(profiled(contestant, world, sessions[:count], resumes)) for count in (FEW, MANY))
    return (many - few) / (MANY - FEW)


def profiled(contestant, world, sessions, resumes=False):
    """Callgrind's file about a function that has answered one request for each session."""
    out = TARGET / f"callgrind.{contestant.name}"
    out.unlink(missing_ok=True)
    valgrind = [shutil.which("valgrind"), "--tool=callgrind", f"--callgrind-out-file={out}"]
    cookie = None
    with Emulator(replace(contestant, command=[*valgrind, *contestant.command]), world) as emulator:
        for session in sessions:
            answer = emulator.answer(event(contestant.provider, session, cookie))
            if answer.status != 200:
                sys.exit(f"{contestant.name} answered {answer.status} under valgrind:\n{emulator.log()[-4000:]}")
            # A resumed response sets none: the one before is kept.
            cookie = (answer.cookie or cookie) if resumes else None
        for pid in processes.descendants(emulator.pids[0]) or emulator.pids:
            os.kill(pid, signal.SIGTERM)
        # Written when the function ends.
        for _ in range(300):
            if out.exists() and "totals:" in out.read_text():
                return out
            time.sleep(0.1)
    sys.exit(f"callgrind wrote nothing about {contestant.name}")


def total(out):
    return int(re.search(r"^totals: (\d+)", out.read_text(), re.MULTILINE).group(1))


def functions(out):
    """The functions with the most instructions, those that they call included; without the runtime's frames around them."""
    command = ["callgrind_annotate", "--inclusive=yes", "--threshold=100", out]
    annotated = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = [match.groups() for match in map(LINE.match, annotated.splitlines()) if match]
    ours = [(int(count.replace(",", "")), name) for count, name in found if is_telling(name)]
    return ours[:LINES]


def is_telling(name):
    return re.search(r"voicemint|_(EVP|RSA|HKDF|HMAC|SHA256)_|lambda_runtime|hyper|serde_json|malloc|free$", name)
