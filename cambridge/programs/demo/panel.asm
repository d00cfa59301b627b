         TITLE 'PANEL - A CONVERSATION AT A DISPLAY'
*
*        A stand-alone program to be IPLed from cards:
*
*            cambridge asm cambridge/programs/demo/panel.asm --ipl
*                      --core panel.ipl
*            cambridge bare --config cambridge/programs/demo/panel.toml
*                      --set DECK=$PWD/panel.ipl --set PORT=3270
*                      --ipl 00c
*
*        It waits for a terminal at the local 3270 display at 0C0 and
*        formats its screen. ENTER sends the name that was typed, and
*        is answered; CLEAR has the screen drawn again; PF3 ends. All
*        the while the interval timer at location 80 runs down and
*        interrupts four times a second: the screen shows its contents
*        and how often it did. TIMER OFF at the machine stops that, and
*        nothing else.
*
*        The PSW of the final wait has the address 00C0DE, or 000BAD if
*        the display gave a status that was not expected: then the CSW
*        is at location 64.
*
*        A SET BUFFER ADDRESS order, for rows and columns from 1
*
         MACRO
         SBA   &ROW,&COLUMN
         LCLA  &AT,&HIGH,&LOW
         LCLC  &CODES,&FIRST,&SECOND
&CODES   SETC  '40C1C2C3C4C5C6C7C8C94A4B4C4D4E4F50D1D2D3D4D5D6D7'
&CODES   SETC  '&CODES.D8D95A5B5C5D5E5F6061E2E3E4E5E6E7E8E96A6B'
&CODES   SETC  '&CODES.6C6D6E6FF0F1F2F3F4F5F6F7F8F97A7B7C7D7E7F'
&AT      SETA  (&ROW-1)*80+&COLUMN-1
&HIGH    SETA  &AT/64
&LOW     SETA  &AT-&HIGH*64
&FIRST   SETC  '&CODES'(&HIGH*2+1,2)
&SECOND  SETC  '&CODES'(&LOW*2+1,2)
         DC    X'11&FIRST&SECOND'
         MEND
*
PANEL    START X'1000'
DISPLAY  EQU   X'0C0'
ATTENT   EQU   X'80'                    Flags: a key was pressed
TICK     EQU   X'40'                    The figures are to be shown
BEGIN    BALR  12,0
         USING *,12
         MVC   X'58'(8,0),EXTNEW        BC mode: locations 88 and 120
         MVC   X'78'(8,0),IONEW
         MVC   80(4,0),RELOAD
*
DRAW     BAL   13,FIGURES
         LA    2,SCREEN
         BAL   14,DO
*
*        Between two things to do
*
IDLE     TM    FLAGS,ATTENT
         BO    ANSWER
         TM    FLAGS,TICK
         BO    SHOW
         LA    15,ALONE                 What an interruption is then
         ST    15,RESUME
         LPSW  WAITALL
ALONE    CLC   X'3A'(2,0),=AL2(DISPLAY) The reader has a last word too
         BNE   IDLE
         TM    68,X'80'
         BZ    *+8
         OI    FLAGS,ATTENT
         TM    68,X'04'                 Device end: a terminal has come
         BO    DRAW
         B     IDLE
*
SHOW     NI    FLAGS,255-TICK
         BAL   13,FIGURES
         LA    2,UPDATE
         BAL   14,DO
         B     IDLE
*
ANSWER   NI    FLAGS,255-ATTENT
         LA    2,READ
         BAL   14,DO
         CLI   INPUT,X'F3'              PF3
         BE    FINISH
         CLI   INPUT,X'6D'              CLEAR
         BE    DRAW
         MVC   NAME,BLANKS
         LA    3,L'INPUT-6              AID, cursor, order, address
         SH    3,X'46'                  Less the residual count
         BNP   REPLY                    Nothing was typed
         BCTR  3,0
         EX    3,TAKENAME
REPLY    LA    2,TELL
         BAL   14,DO
         OI    FLAGS,TICK               The figures of this moment, too
         B     IDLE
TAKENAME MVC   NAME(0),INPUT+6
*
FINISH   LA    2,GOODBYE
         BAL   14,DO
         LPSW  DONE
*
*        FIGURES: the timer's contents in hexadecimal, and the count
*
FIGURES  L     3,80(0,0)
         ST    3,WORK
         UNPK  DIGITS(9),WORK(5)
         TR    DIGITS(8),HEXTABLE-240
         MVC   TIMER1,DIGITS
         MVC   TIMER2,DIGITS
         L     3,COUNT
         CVD   3,PACKED
         UNPK  DIGITS(5),PACKED
         OI    DIGITS+4,X'F0'
         MVC   COUNT1,DIGITS
         MVC   COUNT2,DIGITS
         BR    13
*
*        DO: run the channel program at register 2 to device end. That
*        nobody is at the display is noticed here: then on to IDLE, to
*        wait for somebody
*
DO       LA    15,MINE
         ST    15,RESUME
         ST    2,72                     CAW
         LA    1,DISPLAY
         MVI   STATUS,0
START    SIO   0(1)
         BC    2,START                  Busy: again
         BC    1,BROKEN                 Not operational
         BC    8,WAITIO
         TM    68,X'80'                 CSW stored
         BZ    *+8
         OI    FLAGS,ATTENT
         TM    68,X'10'                 Was it for something before?
         BO    START                    Now it is gone
         B     ENDED
MINE     CLC   X'3A'(2,0),=AL2(DISPLAY)
         BNE   WAITIO
         TM    68,X'80'
         BZ    *+8
         OI    FLAGS,ATTENT
ENDED    OC    STATUS,68                Gather unit status
         TM    68,X'02'                 Unit check
         BO    CHECK
         TM    68,X'71'                 Something unexpected
         BNZ   BROKEN
         TM    STATUS,X'04'             Device end?
         BOR   14
WAITIO   LPSW  WAIT
CHECK    C     2,=A(SENSE)              Once is enough
         BE    BROKEN
         LA    2,SENSE
         BAL   14,DO
         TM    SENSED,X'40'             Intervention required?
         BO    IDLE
BROKEN   LPSW  FAILED
*
*        Interruptions
*
IOINT    L     15,RESUME
         BR    15
EXTINT   CLI   X'1B',X'80'              Interval timer?
         BNE   IDLE
         MVC   80(4,0),RELOAD
         LA    3,1
         A     3,COUNT
         ST    3,COUNT
         OI    FLAGS,TICK
         B     IDLE
*
EXTNEW   DC    0D'0',X'00000000',A(EXTINT)
IONEW    DC    0D'0',X'00000000',A(IOINT)
WAITALL  DC    0D'0',X'FF020000',X'00000000'
WAIT     DC    0D'0',X'FE020000',X'00000000'
DONE     DC    0D'0',X'00020000',X'0000C0DE'
FAILED   DC    0D'0',X'00020000',X'00000BAD'
PACKED   DS    D
RELOAD   DC    F'19200'                 75 ticks of 1/300 second
COUNT    DC    F'0'
RESUME   DS    A
WORK     DS    F
         DS    X                        UNPK takes a byte more
DIGITS   DS    CL9
HEXTABLE DC    C'0123456789ABCDEF'
BLANKS   DC    CL20' '
FLAGS    DC    X'00'
STATUS   DC    X'00'
SENSED   DC    X'00'
*
SCREEN   CCW   X'05',PICTURE,X'20',PICEND-PICTURE
UPDATE   CCW   X'01',CHANGES,X'20',CHEND-CHANGES
TELL     CCW   X'01',WORDS,X'20',WORDEND-WORDS
GOODBYE  CCW   X'05',BYE,X'20',BYEEND-BYE
READ     CCW   X'06',INPUT,X'20',L'INPUT
SENSE    CCW   X'04',SENSED,X'20',1
*
*        Attributes: E8 protected and bright, 60 protected, 40 to be
*        typed into, F0 skipped. 1D starts a field, 13 puts the cursor
*
PICTURE  DC    X'C3'                    Keyboard and modified data tags
         SBA   1,1
         DC    X'1DE8',C'PANEL - A CONVERSATION AT A DISPLAY'
         SBA   3,1
         DC    X'1D60',C'INTERVAL TIMER'
         SBA   3,17
TIMER1   DC    CL8' '
         SBA   3,27
         DC    C'INTERRUPTIONS'
         SBA   3,41
COUNT1   DC    CL5' '
         SBA   5,1
         DC    X'1D60',C'YOUR NAME'
         SBA   5,11
         DC    X'1D4013'
         SBA   5,32
         DC    X'1DF0'
         SBA   7,1
         DC    X'1DE8'
         SBA   23,1
         DC    X'1D60',C'ENTER ANSWERS   CLEAR DRAWS AGAIN   PF3 ENDS'
PICEND   EQU   *
*
CHANGES  DC    X'40'                    The keyboard is left alone
         SBA   3,17
TIMER2   DC    CL8' '
         SBA   3,41
COUNT2   DC    CL5' '
CHEND    EQU   *
*
WORDS    DC    X'C2'                    The keyboard is free again
         SBA   7,2
         DC    C'HELLO, '
NAME     DC    CL20' '
WORDEND  EQU   *
*
BYE      DC    X'C3'
         SBA   1,1
         DC    X'1DE8',C'GOODBYE.'
BYEEND   EQU   *
INPUT    DS    CL26
         LTORG
         END   BEGIN
