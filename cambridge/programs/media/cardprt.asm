         TITLE 'CARDPRT - LIST CARDS'
*
*        WHAT IT MEASURES: a start I/O and an interruption for each
*        card read and each line printed.
*
*        The cards in the reader are printed, 60 lines to a page, until
*        unit exception: the hopper is empty, and the END-OF-FILE key
*        has been pressed. COUNT then has the number of cards.
*
*        The PSW of the final wait has the address 00C0DE if all went
*        well, 000BAD if a status was not as expected.
*
CARDPRT  START 0
         DC    X'00080000',A(BEGIN)     Restart: EC mode, disabled
         ORG   CARDPRT+X'58'            No interruption but one
         DC    X'000A0000',X'00BAD058'  External
         DC    X'000A0000',X'00BAD060'  Supervisor call
         DC    X'000A0000',X'00BAD068'  Program
         DC    X'000A0000',X'00BAD070'  Machine check
         DC    X'00080000',A(IODONE)    Input/output
         ORG   CARDPRT+X'200'
READER   DC    X'0000000C'
PRINTER  DC    X'0000000E'
COUNT    DC    F'0'
GOOD     DC    0D'0',X'000A0000',X'0000C0DE'
BAD      DC    X'000A0000',X'00000BAD'
WAIT     DC    X'020A0000',X'00000000'  Enabled for input/output
ALLON    DC    F'-1'
*
         USING CARDPRT,0
BEGIN    LCTL  2,2,ALLON                All channels
         SR    5,5                      Cards
PAGE     LA    6,60                     Lines left on the page
         L     1,PRINTER
         LA    2,SKIP
         BAL   11,DO
NEXT     L     1,READER
         LA    2,READ
         BAL   11,DO
         TM    IOFLAG,X'01'             No more cards?
         BO    DONE
         LA    5,1(,5)
         L     1,PRINTER
         LA    2,PRINT
         BAL   11,DO
         BCT   6,NEXT
         B     PAGE
DONE     ST    5,COUNT
         LPSW  GOOD
*
*        DO: run the channel program at register 2 on the device of
*        register 1 to device end
*
DO       ST    2,72                     CAW
         MVI   IOFLAG,0
START    SIO   0(1)
         BC    2,START                  Busy: again
         BC    1,FAILED                 Not operational
         BC    4,STORED                 Ended at once
WAITIO   LPSW  WAIT
IODONE   EQU   *
STORED   OC    IOFLAG(1),68             Gather unit status
         TM    68,X'F2'                 Anything but CE, DE, UX
         BNZ   FAILED
         TM    69,X'BF'                 Incorrect length at the end
         BNZ   FAILED
         TM    IOFLAG,X'04'             Device end too?
         BZ    WAITIO
         BR    11
FAILED   LPSW  BAD
*
SKIP     CCW   X'8B',0,X'20',1
READ     CCW   X'02',CARD,0,80
PRINT    CCW   X'09',CARD,X'20',80
IOFLAG   DC    X'00'
CARD     DS    CL80
         END   BEGIN
