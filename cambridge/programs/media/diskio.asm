         TITLE 'DISKIO - WRITE AND READ A PACK OF 3330S AND OTHERS'
*
*        WHAT IT MEASURES: channel programs to a disk of count, key and
*        data tracks, a chain for each track, with interruptions.
*
*        First the tracks are formatted with records of LENGTH bytes,
*        PERTRK to a track, cylinders 0 to CYLS-1; then they are all
*        read ROUNDS times. The contents of the last track of each
*        cylinder are compared. ROUNDS and what follows it can be set
*        from outside; FORMAT zero reads what is there.
*
*        The PSW of the final wait has the address 00C0DE if all went
*        well, 000BAD if a status, 00BADD if data were wrong: then
*        register 3 has cylinder and head, and the CSW tells.
*
DISKIO   LOWCORE BEGIN
ROUNDS   DC    F'1'
LENGTH   DC    F'4096'                  Bytes of a record
PERTRK   DC    F'3'                     Records of a track
CYLS     DC    F'404'
HEADS    DC    F'19'
DEVICE   DC    X'00000150'
FORMAT   DC    F'1'                     Not zero: format first
*
         USING DISKIO,0
         USING RECORD,12
         USING INPUT,10
BEGIN    L     12,=A(RECORD)
         L     10,=A(INPUT)
         LCTL  2,2,ALLON                All channels
         BAL   14,BUILD
         L     1,FORMAT
         LTR   1,1
         BZ    READALL
         LA    2,WPROG                  Format the pack
         BAL   14,PACK
READALL  LA    2,RPROG                  Read it as often as asked for
         BAL   14,PACK
         L     1,ROUNDS
         BCTR  1,0
         ST    1,ROUNDS
         LTR   1,1
         BNZ   READALL
         LPSW  GOOD
*
*        PACK: run the channel program at register 2 for each track
*
PACK     SR    3,3                      Cylinder and head
CYLINDER BAL   11,TRACK
         A     3,=F'1'                  Next head
         LR    4,3
         N     4,=X'0000FFFF'
         C     4,HEADS
         BL    CYLINDER
         BAL   11,COMPARE
         SRL   3,16                     Next cylinder
         LA    3,1(,3)
         C     3,CYLS
         BNLR  14
         SLL   3,16
         B     CYLINDER
*
*        TRACK: put cylinder and head where the channel program has
*        them, run it, wait for its end
*
TRACK    ST    3,SEEKARG+2
         LA    4,IDS
         L     5,PERTRK
         LA    5,1(,5)                  R0 too
IDLOOP   ST    3,0(,4)
         LA    4,8(,4)
         BCT   5,IDLOOP
         ST    3,RECORD                 Data say where they belong
         L     1,DEVICE
         DOIO  UNIT=F3,CHANNEL=FF           No exception is expected
*
COMPARE  C     2,=A(RPROG)
         BNER  11
         L     4,INPUT
         C     4,RECORD                 First word of the data
         BER   11
         LPSW  WRONG
*
*        BUILD: the two channel programs
*
BUILD    L     5,PERTRK                 Record IDs
         LA    4,IDS+4
         SR    6,6
         L     7,LENGTH
         LA    5,1(,5)
NEXTID   STC   6,0(,4)                  Record number
         MVI   1(4),0                   Key length
         STCM  7,3,2(4)                 Data length
         LA    4,8(,4)
         LA    6,1(,6)
         BCT   5,NEXTID
*
         MVC   RPROG(8),SEEK            Reading
         LA    4,RPROG+8
         LA    6,IDS+8
         L     5,PERTRK
NEXTREAD MVC   0(24,4),SEARCH
         STCM  6,7,1(4)                 Argument
         STCM  4,7,9(4)                 TIC to the search
         STCM  7,3,22(4)                Count
         LA    6,8(,6)
         LA    4,24(,4)
         BCT   5,NEXTREAD
         LR    1,4
         S     1,=F'4'
         MVI   0(1),X'00'               The last one does not chain
*
         L     4,=A(WPROG)
         MVC   0(8,4),SEEK              Writing
         MVC   8(8,4),MASK
         MVC   16(24,4),SEARCH
         LA    1,IDS
         STCM  1,7,17(4)
         LA    1,16(,4)
         STCM  1,7,25(4)
         LA    4,32(,4)
         LA    6,IDS+8
         L     5,PERTRK
NEXTWRIT MVC   0(16,4),WRITE
         STCM  6,7,1(4)
         STCM  7,3,14(4)
         LA    6,8(,6)
         LA    4,16(,4)
         BCT   5,NEXTWRIT
         LR    1,4
         S     1,=F'4'
         MVI   0(1),X'00'
         BR    14
*
SEEK     CCW   X'07',SEEKARG,X'40',6
MASK     CCW   X'1F',MASKARG,X'40',1
SEARCH   CCW   X'31',0,X'40',5
         CCW   X'08',0,0,0
         CCW   X'06',INPUT,X'40',1
WRITE    CCW   X'1D',0,X'80',8
         CCW   X'1D',RECORD,X'40',1
MASKARG  DC    X'C0'                    All writes, all seeks
SEEKARG  DC    XL6'00'
         LTORG
         DS    0D
IDS      DS    40D                      CCHHR, key and data length
RPROG    DS    120D
WPROG    DS    120D
         ORG   DISKIO+X'2000'
RECORD   DC    F'0'                     What is written
         DC    16000X'E7'
         ORG   DISKIO+X'8000'
INPUT    DS    16384X                   What is read
         END   BEGIN
