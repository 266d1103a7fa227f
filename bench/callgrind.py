"""The instructions per request of each function, counted by callgrind, and a profile of Cartesia's.

Other load on the machine does not change the counts. The profile consists of two runs with
different numbers of requests; the difference of the counts is divided by the difference of the
requests, so work that is done once at the start does not count. Callgrind's simulated processor
does not have the SHA-256 and long-multiplication instructions of real processors, so cryptography
looks more expensive than it is.
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
from authority import BUNDLE
from budgets import instruction_overruns
from emulator import Emulator
from env import TARGET
from functions import binary, voicemint

FEW, MANY = 20, 220
LINES = 40
# One line of callgrind_annotate: instructions, percentage, file:function.
LINE = re.compile(r"^ *([\d,]+) \([ \d.]+%\) +(?:\S*?:)?(.+?)(?: \[.*\])?$")


def run(env):
    if not shutil.which("valgrind"):
        sys.exit("make bench-profile needs valgrind (Debian: apt-get install valgrind).")
    floor = binary("floor", "", "cartesia", Path(os.environ["BENCH_FLOOR"]), mints=False)
    new = [env.session(f"user-{number}") for number in range(MANY)]
    print(f"{per_request(floor, env, new)[0]:>9,.0f}  instructions per event of the floor, which does nothing\n")
    overruns = compare(env, new)
    starts(env)
    cartesia = binary("cartesia", "", "cartesia", Path(os.environ["BENCH_PROFILED"]))
    print(f"\n{per_request(cartesia, env, new[:1] * MANY)[0]:>9,.0f}  per mint of Cartesia's with a session that is in the cache")
    print(f"{per_request(cartesia, env, new[:1] * MANY, resumes=True)[0]:>9,.0f}  per resumed request\n")
    print(f"Per mint of Cartesia's, over {MANY} mints with new sessions and the start of the function:\n")
    for count, symbol in costliest(profiled(cartesia, env, new)):
        print(f"{count / MANY:>9,.0f}  {symbol}")
    print("\n" + ("\n".join(overruns) if overruns else "Every count is within its budget."))


def compare(env, new):
    """The instructions of all functions, and how many times Cartesia's they are. Returns a sentence
    for each budget that is exceeded.
    """
    print(f"{'per mint':>12}{'':>8}{'per start':>14}{'':>8}  with sessions that are new to the function")
    base, overruns = None, []
    for function in voicemint(Path(os.environ["BENCH_BINARIES"])):
        counts = per_request(function, env, new)
        base = base or counts
        cells = zip(counts, base, (12, 14), strict=True)
        print("".join(f"{count:>{width},.0f}{count / of:>7.2f} " for count, of, width in cells) + f" {function.title}", flush=True)
        has_profiles = env.providers[function.name]["profiles"] is not None
        overruns += instruction_overruns(function.title, has_profiles, *(count / of for count, of in zip(counts, base, strict=True)))
    return overruns


def starts(env):
    """The instructions of Cartesia's function from its start to its first token, over TLS and with
    files of authorities.
    """
    function = voicemint(Path(os.environ["BENCH_BINARIES"]))[0]
    session, over_tls = [env.session("first")], env.over_tls("cartesia")
    bundle = dict.fromkeys(function.trust, str(TARGET / BUNDLE))
    cases = {
        "without TLS": {},
        "without TLS, with SSL_CERT_FILE of one authority": function.trust,
        f"without TLS, with SSL_CERT_FILE of {authorities(TARGET / BUNDLE)} authorities": bundle,
        # Connections race: this count differs by a handshake or two from run to run.
        "over TLS, with SSL_CERT_FILE of one authority": over_tls | function.trust,
    }
    print(f"\n{'':12}{'more':>14}  of {function.title} from the start to the first token")
    first = None
    for title, more in cases.items():
        count = total(profiled(function, env, session, more=more))
        first = first or count
        print(f"{count:>12,}{count - first:>14,}  {title}", flush=True)


def authorities(file):
    return file.read_text().count("-----BEGIN CERTIFICATE-----")


def per_request(function, env, sessions, resumes=False):
    """The instructions per request, and those of the start with everything that is done once."""
    few, many = (total(profiled(function, env, sessions[:count], resumes)) for count in (FEW, MANY))
    each = (many - few) / (MANY - FEW)
    return each, few - FEW * each


def profiled(function, env, sessions, resumes=False, more=None):
    """The callgrind output of a function that has handled one request for each session."""
    out = TARGET / f"callgrind.{function.name}"
    out.unlink(missing_ok=True)
    valgrind = [shutil.which("valgrind"), "--tool=callgrind", f"--callgrind-out-file={out}"]
    cookie = None
    with Emulator(replace(function, command=[*valgrind, *function.command]), env, more) as emulator:
        for session in sessions:
            response = emulator.call(env.event(function.provider, session, cookie))
            if response.status != 200:
                sys.exit(f"{function.name} returned {response.status} under valgrind:\n{emulator.log()[-4000:]}")
            # A resumed response sets no cookie, so the previous cookie is used again.
            cookie = (response.cookie or cookie) if resumes else None
        for pid in processes.descendants(emulator.pids[0]) or emulator.pids:
            os.kill(pid, signal.SIGTERM)
        # Callgrind writes the file when the function ends.
        for _ in range(300):
            if out.exists() and "totals:" in out.read_text():
                return out
            time.sleep(0.1)
    sys.exit(f"callgrind wrote no output for {function.name}")


def total(out):
    return int(re.search(r"^totals: (\d+)", out.read_text(), re.MULTILINE).group(1))


def costliest(out):
    """The symbols with the most instructions, including callees, without the frames of the runtime.
    """
    command = ["callgrind_annotate", "--inclusive=yes", "--threshold=100", out]
    annotated = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = [match.groups() for match in map(LINE.match, annotated.splitlines()) if match]
    relevant = [(int(count.replace(",", "")), name) for count, name in found if is_relevant(name)]
    return relevant[:LINES]


def is_relevant(name):
    return re.search(r"voicemint|_(EVP|RSA|HKDF|HMAC|SHA256)_|lambda_runtime|hyper|serde_json|malloc|free$", name)
