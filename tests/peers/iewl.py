#!/usr/bin/env python3
"""Has IBM's linkage editor link our object decks, and OS/VS1 run the result.

Assembles two sources that refer to each other, puts the decks into a job, and IPLs the OS/VS1 starter system of
../shared/images/osvs1 on Debian's `hercules`. The program says a line on the operator's console. About 100 seconds, most
of them pauses: Hercules as a daemon takes commands from a script only. Exit status 0 if the line was seen.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
IMAGES = Path(os.environ.get("CAMBRIDGE_SHARED", REPOSITORY.parent / "shared")) / "images" / "osvs1"
LINE = "DECKS OF ASM370 LINKED BY IEWL"

MAIN = """\
TEST     CSECT
         STM   14,12,12(13)
         BALR  12,0
         USING *,12
         LA    15,SAVE
         ST    13,4(,15)
         ST    15,8(,13)
         LR    13,15
         L     15,=V(TELL)
         BALR  14,15
         L     13,4(,13)
         LM    14,12,12(13)
         SR    15,15
         BR    14
SAVE     DC    18F'0'
         LTORG
         END   TEST
"""
SUBROUTINE = f"""\
SUB      CSECT
         ENTRY TELL
TELL     BALR  10,0
         USING *,10
         LR    9,14
         L     1,AMSG
         SVC   35                       WTO
         LR    14,9
         BR    14
AMSG     DC    A(MSG)
MSG      DC    AL2(MSGEND-MSG),AL2(0)
         DC    C'{LINE}'
MSGEND   EQU   *
         END
"""
BEFORE = """\
//LKGO     JOB 1,TEST,CLASS=A,MSGCLASS=A,MSGLEVEL=(1,1)
//LKED     EXEC PGM=IEWL,PARM='LIST,MAP',REGION=192K
//SYSPRINT DD  SYSOUT=A
//SYSUT1   DD  UNIT=3330,VOL=SER=DLIBA1,SPACE=(CYL,(1,1))
//SYSLMOD  DD  DSN=&&GO(TEST),UNIT=3330,VOL=SER=DLIBA1,
//             SPACE=(TRK,(5,5,1)),DISP=(,PASS)
//SYSLIN   DD  *
"""
AFTER = """\
/*
//GO       EXEC PGM=*.LKED.SYSLMOD,COND=(4,LT)
//
"""
CONFIGURATION = """\
CPUSERIAL 060305
CPUMODEL  3032
MAINSIZE  8
NUMCPU    1
SYSEPOCH  1900
YROFFSET  -28
ARCHMODE  S/370
PGMPRDOS  LICENSED
HERCPRIO  0
CPUPRIO   0
DEVPRIO   0
TODPRIO   0
001F 3215-C / noprompt
000C 3505
000D 3525 punch.txt ascii
000E 1403 printer.txt
0180 3420
0150 3330 dliba1.150.cckd
"""
# What the operator does, and the seconds until the system asks for the next.
OPERATOR = [
    ("ipl 150", 4),
    ("/", 5),
    ("/r 00,'auto=starter,page=(v=dliba1,blk=4096),q=(,f)'", 5),
    ("/", 10),
    ("/r 00,'formatv'", 8),
    ("/r 01,u", 14),
    ("/r 02,u", 8),
    ("/startf ,00e", 2),
    ("devinit 00c job.ebc ebcdic eof", 1),
    ("/startf ,00c", 25),
    ("exit", 0),
]


def cards(text):
    """Card images in EBCDIC."""
    return b"".join(line.ljust(80).encode("cp037") for line in text.splitlines())


def main():
    volume = IMAGES / "dliba1.150.cckd"
    if not volume.exists() or not shutil.which("hercules"):
        print(f"SKIPPED: this needs hercules and {volume}")
        return 0
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        (work / "main.asm").write_text(MAIN)
        (work / "sub.asm").write_text(SUBROUTINE)
        manifest = str(REPOSITORY / "Cargo.toml")
        command = ["cargo", "run", "--release", "--quiet", "--manifest-path", manifest, "--bin", "cambridge", "--"]
        subprocess.run([*command, "asm", "main.asm", "sub.asm", "-o", "both.deck"], cwd=work, check=True)
        (work / "job.ebc").write_bytes(cards(BEFORE) + (work / "both.deck").read_bytes() + cards(AFTER))
        shutil.copyfile(volume, work / "dliba1.150.cckd")
        (work / "vs1.cnf").write_text(CONFIGURATION)
        (work / "operator.rc").write_text("".join(f"{what}\npause {pause}\n" for what, pause in OPERATOR))
        environment = dict(os.environ, HERCULES_RC=str(work / "operator.rc"))
        print("IPLing OS/VS1; about 100 seconds", flush=True)
        peer = ["setpriv", "--bounding-set=-sys_nice", "hercules", "-d", "-f", "vs1.cnf"]
        done = subprocess.run(peer, cwd=work, env=environment, capture_output=True, timeout=300, check=False)
        console = done.stdout.decode("latin-1")
        linked = f"+{LINE}" in console
        for line in console.splitlines():
            if "LKGO" in line or LINE in line:
                print(line)
        print((work / "printer.txt").read_text("latin-1") if not linked else "linked and executed")
        return 0 if linked else 1


if __name__ == "__main__":
    sys.exit(main())
