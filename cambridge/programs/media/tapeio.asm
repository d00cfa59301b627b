         TITLE 'TAPEIO - WRITE AND READ A REEL'
*
*        WHAT IT MEASURES: a start I/O and an interruption for each
*        block of a tape.
*
*        BLOCKS blocks of LENGTH bytes and a tape mark are written;
*        then ROUNDS times the reel is rewound and read to its mark,
*        and the number in each block is compared.
*
*        The PSW of the final wait has the address 00C0DE if all went
*        well, 000BAD if a status, 00BADD if data were wrong.
*
TAPEIO   LOWCORE BEGIN
ROUNDS   DC    F'1'
LENGTH   DC    F'4096'                  Bytes of a block
BLOCKS   DC    F'5000'
DEVICE   DC    X'00000180'
*
         USING TAPEIO,0
         USING RECORD,12
         USING INPUT,10
BEGIN    L     12,=A(RECORD)
         L     10,=A(INPUT)
         LCTL  2,2,ALLON                All channels
         L     1,LENGTH
         STH   1,READ+6
         STH   1,WRITE+6
         LA    2,REWIND
         BAL   11,DO
         L     5,BLOCKS
         LA    2,WRITE
WRITING  ST    5,RECORD
         BAL   11,DO
         BCT   5,WRITING
         LA    2,MARK
         BAL   11,DO
READALL  LA    2,REWIND
         BAL   11,DO
         L     5,BLOCKS
         LA    2,READ
READING  BAL   11,DO
         C     5,INPUT
         BNE   NOTSAME
         BCT   5,READING
         BAL   11,DO                    The mark: unit exception
         TM    IOFLAG,X'01'
         BZ    FAILED
         L     1,ROUNDS
         BCTR  1,0
         ST    1,ROUNDS
         LTR   1,1
         BNZ   READALL
         LA    2,REWIND
         BAL   11,DO
         LPSW  GOOD
NOTSAME  LPSW  WRONG
*
DO       L     1,DEVICE
         DOIO
*
REWIND   CCW   X'07',0,X'20',1
MARK     CCW   X'1F',0,X'20',1
READ     CCW   X'02',INPUT,0,1
WRITE    CCW   X'01',RECORD,0,1
         LTORG
         ORG   TAPEIO+X'2000'
RECORD   DC    F'0'                     What is written
         DC    16380X'E7'
         ORG   TAPEIO+X'8000'
INPUT    DS    32760X                   What is read
         END   BEGIN
