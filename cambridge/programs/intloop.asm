         TITLE 'INTLOOP - INTEGER LOOP IN REGISTERS'
*
*        WHAT IT MEASURES: a loop of register-to-register instructions,
*        the shortest path an execution engine has.
*
*        A round: 10,000 turns of eleven instructions, of which six are
*        RR arithmetic and logic, two shifts, one LA, two branches (one
*        of them taken nearly always). Nothing but the end of a round
*        refers to storage.
*
*        The fullword ROUNDS (location 200) says how many rounds to
*        run. The PSW of the final wait has the address 00C0DE if every
*        round came to the right sum, 000BAD if not.
*
INTLOOP  START 0
         DC    X'00080000',A(BEGIN)     Restart: EC mode, disabled
         ORG   INTLOOP+X'58'            No interruption is expected
         DC    X'000A0000',X'00BAD058'  External
         DC    X'000A0000',X'00BAD060'  Supervisor call
         DC    X'000A0000',X'00BAD068'  Program
         DC    X'000A0000',X'00BAD070'  Machine check
         DC    X'000A0000',X'00BAD078'  Input/output
         ORG   INTLOOP+X'200'
ROUNDS   DC    F'1'
SUM      DC    X'8DD71590'              What a round must come to
GOOD     DC    0D'0',X'000A0000',X'0000C0DE'
BAD      DC    X'000A0000',X'00000BAD'
*
         USING INTLOOP,0
BEGIN    BALR  12,0
         USING *,12
         L     11,ROUNDS
         LA    9,1999
ROUND    LA    5,2500
         SLL   5,2                      10,000 turns
         SR    2,2                      The value that is stirred
         SR    6,6                      The sum
         LA    3,1                      What is stirred in
LOOP     AR    2,3
         LR    4,2
         SRL   4,5
         XR    2,4
         SLL   4,2
         ALR   6,4
         LA    3,3(,3)
         CR    3,9
         BL    NEXT
         SR    3,9
NEXT     BCT   5,LOOP
         XR    6,2
         C     6,SUM
         BNE   FAIL
         BCT   11,ROUND
         LPSW  GOOD
FAIL     LPSW  BAD
         END   INTLOOP
