         TITLE 'ECHO - A CONVERSATION WITH THE OPERATOR'
*
*        A stand-alone program to be IPLed from cards:
*
*            cambridge asm cambridge/programs/demo/echo.asm --ipl
*                      --core echo.ipl
*            cambridge bare --ipl echo.ipl
*
*        It says who it is on the console typewriter at 01F, then gives
*        back each line that is typed, in capitals and reversed, until
*        an empty one. The PSW of the final wait has the address
*        00C0DE, or 000BAD if the console gave a status that was not
*        expected: then the CSW is at location 64.
*
ECHO     START X'1000'
CONSOLE  EQU   X'01F'
BEGIN    BALR  12,0
         USING *,12
         MVC   X'78'(8,0),IONEW         BC mode: this is location 120
         LA    2,HELLO
         BAL   14,DO
*
PROMPT   LA    2,ASK
         BAL   14,DO
         LA    3,L'LINE                 Length of the line
         SH    3,X'46'                  Less the residual count
         BNP   FINISH
         BCTR  3,0
         EX    3,CAPITALS
         LA    3,1(,3)
         STH   3,TELL+6
         LA    4,LINE                   Reverse it into ANSWER
         LA    5,ANSWER(3)
REVERSE  BCTR  5,0
         MVC   0(1,5),0(4)
         LA    4,1(,4)
         BCT   3,REVERSE
         LA    2,TELL
         BAL   14,DO
         B     PROMPT
*
FINISH   LA    2,GOODBYE
         BAL   14,DO
         LPSW  DONE
CAPITALS OC    LINE(0),BLANKS
*
*        DO: run the channel program at register 2 to device end
*
DO       ST    2,72                     CAW
         LA    1,CONSOLE
         MVI   STATUS,0
START    SIO   0(1)
         BC    2,START                  Busy: again
         BC    1,BROKEN                 Not operational
         BC    8,WAITIO
         TM    68,X'10'                 CSW stored: was it another's
         BO    START                    status? Now it is gone
         B     ENDED
INTERRUP CLC   X'3A'(2,0),=AL2(CONSOLE) The reader has a last word too
         BNE   WAITIO
ENDED    OC    STATUS,68                Gather unit status
         TM    68,X'73'                 Something unexpected
         BNZ   BROKEN
         TM    STATUS,X'04'             Device end?
         BOR   14
WAITIO   LPSW  WAIT
BROKEN   LPSW  FAILED
*
IONEW    DC    0D'0',X'00000000',A(INTERRUP)
WAIT     DC    0D'0',X'FE020000',X'00000000'
DONE     DC    0D'0',X'00020000',X'0000C0DE'
FAILED   DC    0D'0',X'00020000',X'00000BAD'
HELLO    CCW   X'09',HELLOMSG,X'60',L'HELLOMSG
         CCW   X'09',HOWMSG,X'20',L'HOWMSG
ASK      CCW   X'0A',LINE,X'20',L'LINE
TELL     CCW   X'09',ANSWER,X'20',1
GOODBYE  CCW   X'09',BYEMSG,X'20',L'BYEMSG
STATUS   DC    XL1'00'
HELLOMSG DC    C'HELLO FROM A SYSTEM/370.'
HOWMSG   DC    C'TYPE A LINE; AN EMPTY ONE ENDS.'
BYEMSG   DC    C'GOODBYE.'
BLANKS   DC    CL120' '
LINE     DS    CL120
ANSWER   DS    CL120
         LTORG
         END   BEGIN
