#!/usr/bin/env python3
"""Compares the wall time of an OS/VS1 session on Cambridge and on Hercules, as Debian packages it.

Both IPL the starter system of ../shared/images/osvs1 from copies of the same pack and run its assemble-link-go job from
the card reader. The same operator, a telnet client at the console of either, answers each prompt as soon as it comes;
turn about in the same run. Exit status 0 if the bar is reached.
"""

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hercules import REPOSITORY, Failure, build, hercules_command

IMAGES = Path(os.environ.get("CAMBRIDGE_SHARED", REPOSITORY.parent / "shared")) / "images" / "osvs1"
# How many times faster we must be, from IPL to the end of the job.
BAR = 2.0
CONFIGURATION = """\
CPUSERIAL 060305
CPUMODEL  3032
MAINSIZE  8
CNSLPORT  {port}
NUMCPU    1
SYSEPOCH  1900
YROFFSET  -28
ARCHMODE  S/370
PGMPRDOS  LICENSED
{priorities}001F 3215
000C 3505 job.jcl ascii trunc eof
000D 3525 punch.txt ascii
000E 1403 printer.txt
0180 3420
0150 3330 dliba1.150.cckd
"""
# They are Hercules' own; ours has none to change.
PRIORITIES = "HERCPRIO 0\nCPUPRIO 0\nDEVPRIO 0\nTODPRIO 0\n"
# What the operator does when the system has said something that matches; the first that matches is taken away.
DIALOGUE = [
    (r"IEA760A", ""),
    (r"IEA101A", "r 00,'auto=starter,page=(v=dliba1,blk=4096),q=(,f)'"),
    (r"IEA135A", ""),
    (r"REQUIRES FORMATTING", "r 00,'formatv'"),
    (r"\*(\d\d) IEC107D", "r {0},u"),
    (r"\*(\d\d) IEC107D", "r {0},u"),
    (r"INITIALIZATION COMPLETED", "startf ,00e"),
    (r"00E WTR WAITING FOR WORK", "startf ,00c"),
]
STARTED = r"IEF403I ASMT     STARTED"
ENDED = r"IEF404I ASMT     ENDED"
# What the job's program says.
RESULT = "PRODUCT IS  07006652"
# After so many seconds of silence the last answer is given again.
PATIENCE = 5.0
IAC, DONT, DO, WONT, WILL, SB, SE, TTYPE = 255, 254, 253, 252, 251, 250, 240, 24


class Console:
    """A telnet client: a typewriter."""

    def __init__(self, port):
        self.socket = self.connect(port)
        self.raw, self.text, self.answered = b"", "", set()

    @staticmethod
    def connect(port):
        """Waits until somebody listens."""
        for _ in range(500):
            try:
                return socket.create_connection(("127.0.0.1", port))
            except OSError:
                time.sleep(0.02)
        raise Failure(f"nobody listens on port {port}")

    def send(self, line):
        """Types a line."""
        self.socket.sendall(line.encode("ascii") + b"\r\n")

    def listen(self, limit):
        """Waits for output, at most so many seconds."""
        self.socket.settimeout(limit)
        try:
            piece = self.socket.recv(65536)
        except TimeoutError:
            return
        if not piece:
            raise Failure("the console's line went dead:\n" + self.text[-2000:])
        self.raw += piece
        self.negotiate()

    def negotiate(self):
        """Takes telnet's own bytes out of what came in, and answers them."""
        while self.raw:
            start = self.raw.find(IAC)
            if start != 0:
                end = len(self.raw) if start < 0 else start
                self.text += self.raw[:end].decode("latin-1")
                self.raw = self.raw[end:]
                continue
            if len(self.raw) < 3:
                return
            verb, option = self.raw[1], self.raw[2]
            if verb == SB:
                end = self.raw.find(bytes([IAC, SE]))
                if end < 0:
                    return
                if option == TTYPE:
                    self.socket.sendall(bytes([IAC, SB, TTYPE, 0]) + b"UNKNOWN" + bytes([IAC, SE]))
                self.raw = self.raw[end + 2 :]
                continue
            if verb in (DO, WILL) and (verb, option) not in self.answered:
                self.answered.add((verb, option))
                agree = verb == DO and option == TTYPE
                answer = (WILL if agree else WONT) if verb == DO else DONT
                self.socket.sendall(bytes([IAC, answer, option]))
            self.raw = self.raw[3 if verb in (DO, DONT, WILL, WONT) else 2 :]


def session(console, limit=300.0):
    """Has the dialogue; seconds from the first prompt's answer to the job's start and to its end."""
    begin, seen, started, heard = None, 0, None, 0
    dialogue = list(DIALOGUE)
    deadline = time.monotonic() + limit
    said, answered = time.monotonic(), None
    while time.monotonic() < deadline:
        console.listen(1.0)
        new = console.text[seen:]
        now = time.monotonic()
        if len(console.text) != heard:
            heard, said = len(console.text), now
        elif answered is not None and now - said > PATIENCE:
            # What is typed before the console reads is lost on Hercules.
            console.send(answered)
            said = now
        for number, (pattern, answer) in enumerate(dialogue):
            found = re.search(pattern, new)
            if found and "\n" in new[found.end() :]:
                begin = begin or now
                answered = answer.format(*found.groups())
                console.send(answered)
                seen += found.end()
                del dialogue[number]
                break
        if started is None and re.search(STARTED, console.text):
            started = now
        if re.search(ENDED, console.text):
            if RESULT not in console.text:
                raise Failure("the job ended without its result:\n" + console.text[-2000:])
            return started - begin, now - begin
    raise Failure("the session did not come to its end:\n" + console.text[-3000:])


def hercules(place, port):
    """A session on Hercules."""
    (place / "vs1.cnf").write_text(CONFIGURATION.format(port=port, priorities=PRIORITIES))
    (place / "operator.rc").write_text("pause 1\nipl 150\n")
    environment = dict(os.environ, HERCULES_RC="operator.rc")
    return [*hercules_command(), "-d", "-f", "vs1.cnf"], environment


def cambridge(program, place, port):
    """A session on Cambridge."""
    (place / "vs1.cnf").write_text(CONFIGURATION.format(port=port, priorities=""))
    return [program, "bare", "--config", "vs1.cnf", "--ipl", "150"], dict(os.environ)


def run(name, start, port):
    """Runs one side in a directory of its own."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        shutil.copyfile(IMAGES / "dliba1.150.cckd", place / "dliba1.150.cckd")
        shutil.copyfile(IMAGES / "assemble-link-go.jcl", place / "job.jcl")
        command, environment = start(place, port)
        with open(place / "log", "wb") as log:
            process = subprocess.Popen(
                command, cwd=place, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
            try:
                times = session(Console(port))
            except Failure as failure:
                raise Failure(f"{name}: {failure}\n{(place / 'log').read_text('latin-1')[-2000:]}") from failure
            finally:
                process.kill()
                process.wait()
        return times


def free_port():
    """A port that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main():
    """Compares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=3, help="sessions of each side; the best counts (default 3)")
    parser.add_argument("--program", type=Path, help="our program, built already (target/release/cambridge)")
    parser.add_argument("--only", choices=["cambridge", "hercules"], help="run one side, and compare nothing")
    asked = parser.parse_args()
    if not (IMAGES / "dliba1.150.cckd").exists():
        print(f"SKIPPED: {IMAGES} is not there")
        return 0
    program = asked.program
    if program is None:
        program = build("--bin", "cambridge") / "cambridge"
    sides = {"cambridge": lambda place, port: cambridge(program.resolve(), place, port), "hercules": hercules}
    best = {}
    try:
        for _ in range(asked.turns):
            for name, start in sides.items():
                if asked.only in (None, name):
                    initialized, whole = run(name, start, free_port())
                    print(f"{name:<10} {initialized:7.2f} s to the job's start, {whole:7.2f} s to its end", flush=True)
                    best[name] = min(whole, best.get(name, whole))
    except Failure as failure:
        print(f"osvs1.py: {failure}", file=sys.stderr)
        return 1
    if len(best) < 2:
        return 0
    ratio = best["hercules"] / best["cambridge"]
    print(f"ratio {ratio:.2f} (bar {BAR}): {'passed' if ratio >= BAR else 'failed'}")
    return 0 if ratio >= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
