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
CARDPRT  LOWCORE BEGIN
READER   DC    X'0000000C'
PRINTER  DC    X'0000000E'
COUNT    DC    F'0'
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
DO       DOIO
*
SKIP     CCW   X'8B',0,X'20',1
READ     CCW   X'02',CARD,0,80
PRINT    CCW   X'09',CARD,X'20',80
CARD     DS    CL80
         END   BEGIN
