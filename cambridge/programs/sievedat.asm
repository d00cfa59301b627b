         TITLE 'SIEVEDAT - SIEVE OF ERATOSTHENES WITH DAT ON'
*
*        WHAT IT MEASURES: what dynamic address translation costs. It
*        is the sieve of SIEVE, in a virtual storage of 64K segments
*        and 4K pages.
*
*        Segment 0, with the code, is mapped to real storage as it
*        stands. The flags are in segment 20, whose pages are mapped to
*        the frames from 5F000 downward. Other segments are invalid.
*
*        The fullword ROUNDS (location 200) says how many rounds to
*        run. The PSW of the final wait has the address 00C0DE if
*        every round found 1,899 odd primes, 000BAD if not.
*
SIEVEDAT START 0
         DC    X'00080000',A(BEGIN)     Restart: EC mode, disabled
         ORG   SIEVEDAT+X'58'
         DC    X'000A0000',X'00BAD058'  External: not expected
         DC    X'000A0000',X'00BAD060'  Supervisor call: not expected
         DC    X'000A0000',X'00BAD068'  Program: not expected
         DC    X'000A0000',X'00BAD070'  Machine check: not expected
         DC    X'000A0000',X'00BAD078'  Input/output: not expected
         ORG   SIEVEDAT+X'200'
ROUNDS   DC    F'1'
PRIMES   DC    F'1899'                  Odd primes below 16,384
GOOD     DC    0D'0',X'000A0000',X'0000C0DE'
BAD      DC    X'000A0000',X'00000BAD'
*
         USING SIEVEDAT,0
BEGIN    BALR  12,0
         USING *,12
         LCTL  0,1,CRS
         PTLB
         LA    2,256                    Segments: all of them invalid
         L     1,ASEGS
         L     3,INVALID
SEGS     ST    3,0(,1)
         LA    1,4(,1)
         BCT   2,SEGS
         L     1,ASEGS                  but these two
         L     2,APAGES0
         O     2,LENGTH
         ST    2,0(,1)
         L     2,APAGES20
         O     2,LENGTH
         ST    2,4*X'20'(,1)
*
         L     1,APAGES0                Pages of segment 0
         SR    2,2
         LA    3,16
PAGES    STH   2,0(,1)
         LA    1,2(,1)
         LA    2,X'10'(,2)
         BCT   3,PAGES
         L     1,APAGES20               Pages of segment 20
         LA    2,X'5F0'
         LA    3,16
PAGES20  STH   2,0(,1)
         LA    1,2(,1)
         SH    2,ONEPAGE
         BCT   3,PAGES20
         LPSW  DATON
*
SIEVE    L     11,ROUNDS
ROUND    L     1,AFLAGS                 Set all the flags
         LA    2,NFLAGS/256+1
SET      MVI   0(1),1
         MVC   1(255,1),0(1)
         LA    1,256(,1)
         BCT   2,SET
*
         SR    10,10                    Primes found
         L     3,AFLAGS                 Flag of the number
         LA    4,3                      The number
         L     7,ALAST                  The last flag
         L     2,FLAGSN                 Flags to be looked at
SCAN     CLI   0(3),0
         BE    NEXT
         LA    10,1(,10)
         LR    6,4                      Multiples are this far apart
         LA    8,0(6,3)
         CR    8,7
         BH    NEXT
STRIKE   MVI   0(8),0
         BXLE  8,6,STRIKE
NEXT     LA    3,1(,3)
         LA    4,2(,4)
         BCT   2,SCAN
*
         C     10,PRIMES
         BNE   FAIL
         BCT   11,ROUND
         LPSW  GOOD
FAIL     LPSW  BAD
*
DATON    DC    0D'0',X'04080000',A(SIEVE)
CRS      DC    X'00800000'              4K pages in 64K segments
         DC    X'0F',AL3(SEGTAB)        256 segments
ASEGS    DC    A(SEGTAB)
APAGES0  DC    A(PAGTAB0)
APAGES20 DC    A(PAGTAB20)
LENGTH   DC    X'F0000000'              16 pages
INVALID  DC    X'00000001'
ONEPAGE  DC    H'16'
AFLAGS   DC    A(FLAGS)
ALAST    DC    A(FLAGS+NFLAGS-1)
FLAGSN   DC    A(NFLAGS)
NFLAGS   EQU   8191                     Flag i stands for 2i+3
FLAGS    EQU   X'200000'                Virtual
*
         ORG   SIEVEDAT+X'2000'
SEGTAB   DS    256F
PAGTAB0  DS    16H
PAGTAB20 DS    16H
         END   SIEVEDAT
