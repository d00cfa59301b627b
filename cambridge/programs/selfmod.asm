         TITLE 'SELFMOD - CODE THAT MODIFIES ITSELF'
*
*        WHAT IT MEASURES: instructions that were changed right before
*        they are executed, which is how programs without EX and
*        registers to spare computed a shift, a displacement or a
*        switch.
*
*        A round is 2,000 turns of about 27 instructions, two of which
*        store into others each time: STC makes the amount of a shift,
*        STH a base and displacement. Every eighth turn XI turns a
*        branch on or off. The rest is ordinary code around them.
*
*        The fullword ROUNDS (location 200) says how many rounds to
*        run. The PSW of the final wait has the address 00C0DE if
*        every round came to the right sum, 000BAD if not.
*
SELFMOD  START 0
         DC    X'00080000',A(BEGIN)     Restart: EC mode, disabled
         ORG   SELFMOD+X'58'
         DC    X'000A0000',X'00BAD058'  External: not expected
         DC    X'000A0000',X'00BAD060'  Supervisor call: not expected
         DC    X'000A0000',X'00BAD068'  Program: not expected
         DC    X'000A0000',X'00BAD070'  Machine check: not expected
         DC    X'000A0000',X'00BAD078'  Input/output: not expected
         ORG   SELFMOD+X'200'
ROUNDS   DC    F'1'
SUM      DC    X'7583CA48'              What a round must come to
GOOD     DC    0D'0',X'000A0000',X'0000C0DE'
BAD      DC    X'000A0000',X'00000BAD'
*
         USING SELFMOD,0
BEGIN    BALR  12,0
         USING *,12
         L     11,ROUNDS
ROUND    LA    5,2000
         SR    6,6                      The sum
         LA    7,TABLE
         LA    10,1
TURN     LR    2,5                      The amount of the shift
         NR    2,10
         SLL   2,1
         LA    2,1(2,10)
         STC   2,SHIFT+3
         LR    3,5
         ALR   3,6
SHIFT    SLL   3,0                      by 2 to 16
         XR    6,3
         LR    4,5                      The word of the table
         N     4,SEVEN
         SLL   4,2
         A     4,BASE7
         STH   4,FETCH+2
         LA    10,1(,10)
         CH    10,FIVE
         BNH   FETCH
         LA    10,1
FETCH    L     8,0(,7)                  from TABLE
         ALR   6,8
         LTR   4,4
         TM    FETCH+3,X'1F'            Every eighth turn
         BNZ   SWITCH
         XI    SWITCH+1,X'F0'           turns the switch
SWITCH   B     SKIP
         LA    6,7(,6)
         SRL   8,4
         ALR   6,8
SKIP     BCT   5,TURN
         C     6,SUM
         BNE   FAIL
         BCT   11,ROUND
         LPSW  GOOD
FAIL     LPSW  BAD
*
BASE7    DC    X'00007000'              Base register 7
SEVEN    DC    F'7'
FIVE     DC    H'5'
         DS    0F
TABLE    DC    F'1,20,300,4000,50000,600000,7000000,80000000'
         END   SELFMOD
