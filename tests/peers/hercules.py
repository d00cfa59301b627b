#!/usr/bin/env python3
"""Compares Cambridge's speed with that of Hercules, as Debian packages it.

Both run the same core images (cambridge/programs/), turn about in the same run. The figure is guest instructions per
second of processor time of the thread that executes them; see README.md in this directory.
"""

import argparse
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
# The ratio that each program must reach; OTHERS where none is named.
BAR = {"pagewalk": 1.5, "selfmod": 1.0}
OTHERS = 2.0
# The ratio beyond which more does not count, and the geometric mean that all programs together must reach.
CAP = 8.0
MEAN = 4.0
# Address in the PSW of the final wait of a program that found its results right.
SUCCESS = 0x00C0DE

CONFIGURATION = """\
ARCHMODE S/370
CPUSERIAL 000370
CPUMODEL 3033
NUMCPU 1
MAINSIZE {megabytes}
ECPSVM NO
OSTAILOR QUIET
HERCPRIO 0
CPUPRIO 0
DEVPRIO 0
TODPRIO 0
000C 3505
"""
# The comment line is echoed when the machine is about to start.
COMMANDS = "loadcore {core} 0\npause 0.2\nrestart\n"


class Failure(Exception):
    """Something that makes a comparison impossible."""


class Cambridge:
    """Our side: the example program `run_program` of the crate `cambridge`."""

    def __init__(self, binary, engine):
        self.binary, self.engine = str(binary), engine

    def call(self, *arguments):
        """The lines of JSON that the runner prints."""
        done = subprocess.run([self.binary, *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failure(done.stderr.strip() or f"{self.binary} ended with status {done.returncode}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def programs(self):
        """What there is, in order."""
        return self.call("--list")

    def run(self, name, rounds):
        """Runs a program: instructions, processor seconds, wall seconds."""
        (result,) = self.call(name, "--rounds", str(rounds), "--engine", self.engine)
        return result["instructions"], result["cpu_seconds"], result["seconds"]

    def instructions(self, name):
        """How many instructions a run costs: a constant part, and a part for each round."""
        one, two, three = (self.run(name, rounds)[0] for rounds in (1, 2, 3))
        if two - one != three - two:
            raise Failure(f"{name}: rounds do not cost the same number of instructions: {one}, {two}, {three}")
        return 2 * one - two, two - one

    def image(self, name):
        """The core image of a program."""
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "core"
            self.call(name, "--core", str(file))
            return file.read_bytes()


class Hercules:
    """Their side: a process of its own for each run."""

    def __init__(self, command, rounds_at, storage):
        self.command, self.rounds_at, self.storage = command, rounds_at, storage

    def run(self, name, image, rounds, limit=120.0):
        """Runs a program: processor seconds of the busiest thread, wall seconds."""
        patched = bytearray(image)
        patched[self.rounds_at : self.rounds_at + 4] = rounds.to_bytes(4, "big")
        with tempfile.TemporaryDirectory() as directory:
            place = Path(directory)
            (place / "core").write_bytes(patched)
            (place / "conf").write_text(CONFIGURATION.format(megabytes=self.storage >> 20))
            (place / "rc").write_text(COMMANDS.format(core=place / "core"))
            process = subprocess.Popen(
                [*self.command, "-d", "-f", str(place / "conf")],
                env={**os.environ, "HERCULES_RC": str(place / "rc")},
                cwd=place,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            try:
                return self.watch(process, name, limit)
            finally:
                process.kill()
                process.wait()
                process.stdout.close()

    @staticmethod
    def watch(process, name, limit):
        """Times the program from the restart to the final wait."""
        used = {}
        wall = until_final_wait(process, name, limit, lambda: used.update(thread_times(process.pid)))
        after = thread_times(process.pid)
        return max(seconds - used.get(thread, 0.0) for thread, seconds in after.items()), wall


def until_final_wait(process, name, limit, at_restart=lambda: None):
    """Waits for the final wait of the program on Hercules; seconds of wall time from the restart, when `at_restart` is called."""
    os.set_blocking(process.stdout.fileno(), False)
    started, text, begin = None, "", time.monotonic()
    while True:
        piece = process.stdout.read()
        now = time.monotonic()
        if piece:
            text += piece.decode("latin-1")
        if started is None and "Restart key depressed" in text:
            started = now
            at_restart()
        # Another thread's message may come between.
        stopped = re.search(r"Disabled wait state(?s:.*?)PSW=([0-9A-F]{8}) ([0-9A-F]{8})", text)
        if stopped:
            if int(stopped[2], 16) != SUCCESS:
                raise Failure(f"{name} stopped wrongly on Hercules: PSW {stopped[1]} {stopped[2]}")
            return now - started
        if piece == b"" or process.poll() is not None or now - begin > limit:
            raise Failure(f"{name} did not come to its end on Hercules:\n{text}")
        # Asking often would take the other processor of a small host; what it costs is at most this.
        time.sleep(0.002)


def thread_times(process):
    """Processor seconds of each thread of a process so far."""
    times = {}
    for file in Path(f"/proc/{process}/task").glob("*/schedstat"):
        try:
            times[file.parent.name] = int(file.read_text().split()[0]) / 1e9
        except (OSError, IndexError, ValueError):
            continue
    return times


def enough_rounds(run, seconds, limit=4_000_000_000):
    """How many rounds take about so many seconds, `run` being a function from rounds to seconds."""
    rounds = 1
    while True:
        taken = max(run(rounds), 1e-6)
        wanted = rounds * seconds / taken
        # Before it is translated, a program is slower.
        if taken > seconds / 3 or wanted > limit:
            return max(1, min(round(wanted), limit))
        rounds = math.ceil(min(wanted, rounds * 20))


def hercules_command():
    """How to start Hercules without the right to raise its scheduling class.

    With that right its threads get real-time priorities, and the figures of both sides lie.
    """
    if shutil.which("hercules") is None:
        raise Failure("there is no `hercules` (Debian: apt install hercules)")
    if os.geteuid() != 0:
        return ["hercules"]
    if shutil.which("setpriv") is None:
        raise Failure("there is no `setpriv` (Debian: package util-linux)")
    return ["setpriv", "--bounding-set=-sys_nice", "hercules"]


def build(*what):
    """Builds something of the crate `cambridge`, as cargo names it; the directory of what is built."""
    command = ["cargo", "build", "--release", "--quiet", "-p", "cambridge", *what]
    subprocess.run(command, cwd=REPOSITORY, check=True)
    metadata = subprocess.run(
        ["cargo", "metadata", "--no-deps", "--format-version", "1"], cwd=REPOSITORY, check=True, capture_output=True
    )
    return Path(json.loads(metadata.stdout)["target_directory"]) / "release"


def compare(name, ours, theirs, options):
    """Runs one program on both sides, turn about; the best of each side."""
    base, each = ours.instructions(name)
    image = ours.image(name)
    clock = 0 if options.clock == "cpu" else 1
    our_rounds = enough_rounds(lambda n: ours.run(name, n)[1 + clock], options.seconds)
    their_rounds = enough_rounds(lambda n: theirs.run(name, image, n)[clock], options.seconds)
    our_mips, their_mips = [], []
    for _ in range(options.turns):
        count, *seconds = ours.run(name, our_rounds)
        our_mips.append(count / seconds[clock] / 1e6)
        seconds = theirs.run(name, image, their_rounds)
        their_mips.append((base + each * their_rounds) / seconds[clock] / 1e6)
    ratio = max(our_mips) / max(their_mips)
    bar = BAR.get(name, OTHERS)
    return {
        "program": name,
        "cambridge_mips": max(our_mips),
        "hercules_mips": max(their_mips),
        "cambridge_turns": our_mips,
        "hercules_turns": their_mips,
        "ratio": ratio,
        "capped": min(ratio, CAP),
        "bar": bar,
        "passed": ratio >= bar,
    }


def geometric_mean(values):
    """The geometric mean."""
    return math.exp(sum(map(math.log, values)) / len(values))


def line(result):
    """A line of the table."""
    verdict = "" if result["passed"] else f"  below {result['bar']}"
    return (
        f"{result['program']:<10}{result['cambridge_mips']:>11.1f}{result['hercules_mips']:>11.1f}"
        f"{result['ratio']:>9.2f}{result['capped']:>9.2f}{verdict}"
    )


def options():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", nargs="+", metavar="NAME", help="only these (the mean is then no verdict)")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long a run is to take (default 1)")
    parser.add_argument("--turns", type=int, default=3, help="runs of each side; the best counts (default 3)")
    parser.add_argument("--clock", choices=["cpu", "wall"], default="cpu", help="what to measure by (default cpu)")
    parser.add_argument("--engine", default="translator", help="our execution engine (default translator)")
    parser.add_argument("--runner", type=Path, help="our runner, built already (target/release/examples/run_program)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser.parse_args()


def main():
    """Compares; the exit status says whether the bar was reached."""
    asked = options()
    try:
        ours = Cambridge(asked.runner or build("--example", "run_program") / "examples" / "run_program", asked.engine)
        listed = ours.programs()
        names = asked.programs or [program["program"] for program in listed]
        theirs = Hercules(hercules_command(), listed[0]["rounds_at"], listed[0]["storage"])
        results = []
        if not asked.json:
            print("program     Cambridge   Hercules    ratio   capped")
        for name in names:
            results.append(compare(name, ours, theirs, asked))
            if not asked.json:
                print(line(results[-1]), flush=True)
    except (Failure, subprocess.CalledProcessError) as failure:
        print(f"hercules.py: {failure}", file=sys.stderr)
        return 1
    mean = geometric_mean([result["capped"] for result in results])
    passed = all(result["passed"] for result in results) and (asked.programs is not None or mean >= MEAN)
    if asked.json:
        print(json.dumps({"results": results, "geometric_mean": mean, "passed": passed}, indent=2))
    else:
        print(f"geometric mean of the capped ratios {mean:.2f} (bar {MEAN}): {'passed' if passed else 'failed'}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
