         TITLE 'SIEVE - SIEVE OF ERATOSTHENES'
*
*        WHAT IT MEASURES: byte-wide fetches and stores in short loops,
*        with DAT off.
*
*        A round: the odd numbers from 3 to 16,383, one byte each. All
*        flags are set by an overlapping MVC, then a scan (CLI, BC, LA,
*        BCT) finds each prime and an inner loop (MVI, BXLE) strikes
*        its multiples: two thirds scan, one third strikes.
*
*        The fullword ROUNDS (location 200) says how many rounds to
*        run. The PSW of the final wait has the address 00C0DE if every
*        round found 1,899 odd primes, 000BAD if not.
*
SIEVE    START 0
         DC    X'00080000',A(BEGIN)     Restart: EC mode, disabled
         ORG   SIEVE+X'58'              No interruption is expected
         DC    X'000A0000',X'00BAD058'  External
         DC    X'000A0000',X'00BAD060'  Supervisor call
         DC    X'000A0000',X'00BAD068'  Program
         DC    X'000A0000',X'00BAD070'  Machine check
         DC    X'000A0000',X'00BAD078'  Input/output
         ORG   SIEVE+X'200'
ROUNDS   DC    F'1'
PRIMES   DC    F'1899'                  Odd primes below 16,384
GOOD     DC    0D'0',X'000A0000',X'0000C0DE'
BAD      DC    X'000A0000',X'00000BAD'
AFLAGS   DC    A(FLAGS)
ALAST    DC    A(FLAGS+NFLAGS-1)
FLAGSN   DC    A(NFLAGS)
NFLAGS   EQU   8191                     Flag i stands for 2i+3
*
         USING SIEVE,0
BEGIN    BALR  12,0
         USING *,12
         L     11,ROUNDS
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
         ORG   SIEVE+X'2000'
FLAGS    DS    CL8192
         END   SIEVE
