         TITLE 'PRIVMIX - PRIVILEGED INSTRUCTIONS IN SUPERVISOR STATE'
*
*        WHAT IT MEASURES: what a control program does between its
*        guests: masks off and on, PSWs and control registers loaded
*        and stored, storage keys set and inspected, clock and timer
*        handled.
*
*        A round is 500 turns of 33 instructions, of which 17 are
*        privileged (SSM, STNSM, STOSM, LPSW, LCTL, STCTL, SSK, ISK,
*        SPT, STPT) or STCK. All sources of interruptions are masked in
*        control registers 0 and 2, so nothing comes through when the
*        PSW masks are on.
*
*        The fullword ROUNDS (location 200) says how many rounds to
*        run. The PSW of the final wait has the address 00C0DE if
*        every round came to the right sum, 000BAD if not.
*
PRIVMIX  START 0
         DC    X'00080000',A(BEGIN)     Restart: EC mode, disabled
         ORG   PRIVMIX+X'58'
         DC    X'000A0000',X'00BAD058'  External: not expected
         DC    X'000A0000',X'00BAD060'  Supervisor call: not expected
         DC    X'000A0000',X'00BAD068'  Program: not expected
         DC    X'000A0000',X'00BAD070'  Machine check: not expected
         DC    X'000A0000',X'00BAD078'  Input/output: not expected
         ORG   PRIVMIX+X'200'
ROUNDS   DC    F'1'
SUM      DC    X'0000E920'              What a round must come to
GOOD     DC    0D'0',X'000A0000',X'0000C0DE'
BAD      DC    X'000A0000',X'00000BAD'
*
         USING PRIVMIX,0
BEGIN    BALR  12,0
         USING *,12
         LCTL  0,2,CR0TO2
         L     11,ROUNDS
ROUND    LA    5,500
         SR    6,6                      The sum
         SSM   ALLOFF
         L     4,KEYED                  A block that the keys are for
         SPT   TIME
TURN     STNSM MASK,X'FC'               Disable
         L     1,QUEUE
         LA    1,1(,1)
         ST    1,QUEUE
         STOSM MASK,X'03'               Enable
         STCTL 0,15,CRS                 Exchange control registers
         LCTL  8,8,CRS+32
         LR    2,5                      A key that changes
         SLL   2,4
         N     2,KEYBITS
         SSK   2,4
         ISK   3,4
         N     3,KEYBITS
         ALR   6,3
         STCK  CLOCK1                   Charge for the time
         STPT  TIMER1
         LPSW  NEXT
AFTER    SSM   ALLON
         STPT  TIMER2
         STCK  CLOCK2
         CLC   CLOCK2,CLOCK1            The clock goes on,
         BNH   FAIL
         CLC   TIMER2,TIMER1            the timer goes back
         BH    FAIL
         SSM   ALLOFF
         SPT   TIME
         LCTL  9,11,CRS+36
         STNSM MASK,X'FF'
         TM    MASK,X'03'
         BNZ   FAIL
         BCT   5,TURN
         C     6,SUM
         BNE   FAIL
         BCT   11,ROUND
         LPSW  GOOD
FAIL     LPSW  BAD
*
NEXT     DC    0D'0',X'00080000',A(AFTER)
TIME     DC    X'0000100000000000'
CLOCK1   DS    D
CLOCK2   DS    D
TIMER1   DS    D
TIMER2   DS    D
CRS      DS    16F
CR0TO2   DC    3F'0'
KEYED    DC    X'00008000'
KEYBITS  DC    X'000000F0'
QUEUE    DC    F'0'
ALLOFF   DC    X'00'
ALLON    DC    X'03'
MASK     DS    X
         END   PRIVMIX
