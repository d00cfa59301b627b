         TITLE 'PRIVTRAP - PRIVILEGED-OPERATION TRAPS'
*
*        WHAT IT MEASURES: the interruption for a privileged operation
*        that a program in problem state tries, as a control program
*        gets it from its guests all the time.
*
*        A round is 1,000 turns of eight privileged instructions with
*        an ordinary one after each. The handler takes it that the code
*        is 2, counts, and goes on behind the instruction by loading
*        the old PSW.
*
*        The fullword ROUNDS (location 200) says how many rounds to
*        run. The PSW of the final wait has the address 00C0DE if
*        every round came to the right sum, 000BAD if not.
*
PRIVTRAP START 0
         DC    X'00080000',A(BEGIN)     Restart: EC mode, disabled
         ORG   PRIVTRAP+X'58'
         DC    X'000A0000',X'00BAD058'  External: not expected
         DC    X'00080000',A(DONE)      Supervisor call
         DC    X'00080000',A(PGMENTRY)  Program
         DC    X'000A0000',X'00BAD070'  Machine check: not expected
         DC    X'000A0000',X'00BAD078'  Input/output: not expected
         ORG   PRIVTRAP+X'200'
ROUNDS   DC    F'1'
SUM      DC    X'248389CC'              What a round must come to
GOOD     DC    0D'0',X'000A0000',X'0000C0DE'
BAD      DC    X'000A0000',X'00000BAD'
*
         USING PRIVTRAP,0
BEGIN    BALR  12,0
         USING *,12
         L     11,ROUNDS
         SR    10,10                    Interruptions
         LPSW  USER
         DROP  12
*
*        The supervisor: the code at 8E says what happened
*
PGMENTRY STM   14,15,PGMSAVE
         LH    15,X'8E'
         CH    15,PRIVOP
         BNE   PGMBAD
         LA    10,1(,10)
         LM    14,15,PGMSAVE
         LPSW  X'28'
PGMBAD   LPSW  BAD
PRIVOP   DC    H'2'
PGMSAVE  DS    2F
USER     DC    0D'0',X'00090000',A(PROBLEM)
DONE     C     10,EXPECTED
         BNE   PGMBAD
         SR    10,10
         C     6,SUM
         BNE   PGMBAD
         BCT   11,AGAIN
         LPSW  GOOD
AGAIN    LPSW  X'20'
EXPECTED DC    F'8000'
*
*        The program
*
         ORG   PRIVTRAP+X'1000'
         DROP  0
PROBLEM  BALR  12,0
         USING *,12
TURNS    LA    5,1000
         SR    6,6
TURN     SSM   MASKS
         AR    6,5
         SSK   6,5
         LR    7,6
         ISK   8,5
         SLL   7,3
         STNSM MASKS,0
         XR    6,7
         STCTL 0,1,WORDS
         LA    6,3(,6)
         LPSW  WORDS
         LTR   6,6
         SPT   WORDS
         ALR   6,7
         PTLB
         BCT   5,TURN
         SVC   0                        The round is done
         B     TURNS
WORDS    DC    D'0'
MASKS    DC    X'00'
         END   PRIVTRAP
