#!/usr/bin/env python3
"""Compares the speed of Cambridge's devices with that of Hercules', as Debian packages it.

Both run the same stand-alone programs (cambridge/programs/media/) on images that the same tools made, turn about in the
same run. The figure is seconds of wall time from the first instruction to the final wait.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from hercules import REPOSITORY, SUCCESS, Failure, build, hercules_command, until_final_wait

# The ratio that reading disks must reach.
BAR = 2.0
CYLINDERS, HEADS, ROUNDS = 404, 19, 3
BLOCKS, BLOCK = 20_000, 4096
CARDS = 20_000

CONFIGURATION = """\
ARCHMODE S/370
CPUSERIAL 000370
CPUMODEL 3033
NUMCPU 1
MAINSIZE 16
ECPSVM NO
OSTAILOR QUIET
HERCPRIO 0
CPUPRIO 0
DEVPRIO 0
TODPRIO 0
{devices}
"""
COMMANDS = "loadcore core 0\npause 0.3\nrestart\n"


def disk(name, length, records, formatting, rounds):
    """A job on a 3330: write it or read it by records of one length."""
    words = [rounds, length, records, CYLINDERS, HEADS, 0x150, int(formatting)]
    return {"name": name, "program": "diskio", "words": words, "bar": None if formatting else BAR,
            "bytes": length * records * CYLINDERS * HEADS * (rounds + formatting)}


# Each record length is written before it is read.
JOBS = [
    disk("write tracks", 13_030, 1, True, 1),
    disk("read tracks", 13_030, 1, False, ROUNDS),
    disk("write 4096", 4096, 3, True, 1),
    disk("read 4096", 4096, 3, False, ROUNDS),
    disk("write 800", 800, 14, True, 1),
    disk("read 800", 800, 14, False, ROUNDS),
    {"name": "tape", "program": "tapeio", "words": [ROUNDS, BLOCK, BLOCKS, 0x180], "bar": None,
     "bytes": BLOCK * BLOCKS * (ROUNDS + 1)},
    {"name": "cards, lines", "program": "cardprt", "words": [0x00C, 0x00E], "bar": None, "bytes": CARDS * 160},
]


def hercules(place, core):
    """Runs a core image on Hercules; seconds from the restart to the final wait."""
    devices = "0150 3330 pack.ckd\n0180 3420 reel.aws\n000C 3505 cards.txt ascii trunc eof\n000E 1403 listing.txt"
    (place / "core").write_bytes(core)
    (place / "conf").write_text(CONFIGURATION.format(devices=devices))
    (place / "rc").write_text(COMMANDS)
    process = subprocess.Popen(
        [*hercules_command(), "-d", "-f", "conf"],
        env={**os.environ, "HERCULES_RC": "rc"}, cwd=place,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    try:
        return until_final_wait(process, "the program", 120)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def cambridge(runner, place, core):
    """Runs a core image on Cambridge with the same media; seconds from the restart to the final wait."""
    (place / "core").write_bytes(core)
    done = subprocess.run([runner, place], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(done.stderr.strip() or f"{runner} ended with status {done.returncode}")
    result = json.loads(done.stdout)
    if int(result["psw"][8:], 16) != SUCCESS:
        raise Failure(f"stopped wrongly on Cambridge: PSW {result['psw']}")
    return result["seconds"]


def patched(image, words):
    """A core image with the words of its job at location 200."""
    core = bytearray(image)
    for n, word in enumerate(words):
        core[0x200 + 4 * n : 0x204 + 4 * n] = word.to_bytes(4, "big")
    return bytes(core)


def prepare(place, program):
    """Makes the media and the core images."""
    place.mkdir()
    subprocess.run(["dasdinit", "-a", "pack.ckd", "3330-1", "SPEED1"], cwd=place, check=True, capture_output=True)
    (place / "reel.aws").touch()
    (place / "cards.txt").write_text("".join(f"CARD {n:05} OF THE DECK THAT IS LISTED\n" for n in range(CARDS)))
    cores = {}
    for name in {job["program"] for job in JOBS}:
        core = place / f"{name}.core"
        source = REPOSITORY / "cambridge" / "programs" / "media" / f"{name}.asm"
        subprocess.run([program, "asm", source, "--core", core, "--origin", "0"], check=True, capture_output=True)
        cores[name] = core.read_bytes()
    return cores


def main():
    """Compares; the exit status says whether the bar was reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=3, help="runs of each side; the best counts (default 3)")
    asked = parser.parse_args()
    try:
        runner = build("--example", "run_media") / "examples" / "run_media"
        program = build("--bin", "cambridge") / "cambridge"
        passed = True
        with tempfile.TemporaryDirectory() as directory:
            ours, theirs = Path(directory) / "ours", Path(directory) / "theirs"
            cores = prepare(ours, program)
            prepare(theirs, program)
            print(f"{'job':<14}{'MB':>8}{'Cambridge s':>13}{'Hercules s':>12}{'ratio':>8}")
            for job in JOBS:
                core = patched(cores[job["program"]], job["words"])
                times = [(cambridge(runner, ours, core), hercules(theirs, core)) for _ in range(asked.turns)]
                our, their = (min(side) for side in zip(*times))
                below = job["bar"] is not None and their / our < job["bar"]
                passed &= not below
                verdict = f"  below {job['bar']}" if below else ""
                size = job["bytes"] / 1e6
                print(f"{job['name']:<14}{size:>8.1f}{our:>13.3f}{their:>12.3f}{their / our:>8.2f}{verdict}", flush=True)
    except (Failure, subprocess.CalledProcessError, OSError) as failure:
        print(f"media.py: {failure}", file=sys.stderr)
        return 1
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
