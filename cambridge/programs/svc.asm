         TITLE 'SVC - SUPERVISOR CALLS'
*
*        WHAT IT MEASURES: the round trip of a supervisor call: an
*        interruption, a first-level handler that finds its routine by
*        the number, and LPSW back.
*
*        A program in problem state, key 8, asks for four services in
*        turn; between the calls it does a few instructions of its own.
*        The handler saves two registers, branches by a table, serves,
*        restores, and loads the old PSW. A round is 1,000 turns of
*        four calls; about one instruction in six is an SVC or an LPSW.
*
*        The fullword ROUNDS (location 200) says how many rounds to
*        run. The PSW of the final wait has the address 00C0DE if
*        every round came to the right sum, 000BAD if not.
*
SVC      START 0
         DC    X'00080000',A(BEGIN)     Restart: EC mode, disabled
         ORG   SVC+X'58'
         DC    X'000A0000',X'00BAD058'  External: not expected
         DC    X'00080000',A(SVCENTRY)  Supervisor call
         DC    X'000A0000',X'00BAD068'  Program: not expected
         DC    X'000A0000',X'00BAD070'  Machine check: not expected
         DC    X'000A0000',X'00BAD078'  Input/output: not expected
         ORG   SVC+X'200'
ROUNDS   DC    F'1'
SUM      DC    X'5E0B4FCC'              What a round must come to
GOOD     DC    0D'0',X'000A0000',X'0000C0DE'
BAD      DC    X'000A0000',X'00000BAD'
*
         USING SVC,0
BEGIN    BALR  12,0
         USING *,12
         L     11,ROUNDS
         SR    6,6                      What the services come to
         SSK   6,6                      Block 0: key 0
         LA    2,X'80'
         L     3,USER+4
         SSK   2,3                      The program's block: key 8
         LPSW  USER
         DROP  12
*
*        The supervisor
*
SVCENTRY STM   14,15,SVCSAVE
         LH    15,X'8A'
         SLL   15,2
         L     15,SVCTABLE(15)
         BR    15
SVCCOUNT LA    6,1(,6)                  0: counts
         B     SVCEXIT
SVCSTIR  LR    14,6                     1: stirs
         SLL   6,3
         SRL   14,29
         OR    6,14
         X     6,SVCWORD
         B     SVCEXIT
SVCADD   ALR   6,1                      2: adds the caller's register 1
SVCEXIT  LM    14,15,SVCSAVE
         LPSW  X'20'
SVCREAD  LR    0,6                      3: hands out the value
         B     SVCEXIT
SVCEND   C     6,SUM                    4: the end of a round
         BNE   FAIL
         SR    6,6
         BCT   11,SVCEXIT
         LPSW  GOOD
FAIL     LPSW  BAD
SVCWORD  DC    X'5A5A1234'
SVCTABLE DC    A(SVCCOUNT,SVCSTIR,SVCADD,SVCREAD,SVCEND)
SVCSAVE  DS    2F
USER     DC    0D'0',X'00890000',A(PROBLEM)
*
*        The program
*
         ORG   SVC+X'1000'
         DROP  0
PROBLEM  BALR  12,0
         USING *,12
TURNS    LA    5,1000
TURN     LR    1,5
         SVC   0
         AR    1,5
         SVC   2
         LA    1,3(,1)
         LR    2,1
         SVC   1
         SRL   2,1
         SVC   3
         XR    2,0
         ST    2,RESULT
         BCT   5,TURN
         SVC   4
         B     TURNS
RESULT   DS    F
         END   SVC
