TST      TITLE 'EVERY PART OF A LISTING'
*        A COMMENT
         MACRO
&L       ADD   &A,&B
.*       NOT LISTED IN AN EXPANSION
         AIF   ('&B' EQ '').NONE
&L       L     1,&A                    FIRST
         A     1,&B                    SECOND
         MEXIT
.NONE    MNOTE 4,'NOTHING TO ADD TO &A'
         MEND
         SPACE 2
         COPY  REGS
MAIN     START X'100'
         ENTRY TABLE
         EXTRN ELSEWHER
         USING *,R12
HERE     ADD   COUNT,=F'5'
         ADD   COUNT
         L     15,=V(SUB)
         PRINT NOGEN
         ADD   COUNT,=F'5'
         PUSH  PRINT
         PRINT GEN,DATA
TABLE    DC    C'THE QUICK BROWN FOX JUMPS OVER',                      X
               A(TABLE,ELSEWHER-4)
         POP   PRINT
COUNT    DC    F'0'
         EJECT
LONGER   DC    C'ANOTHER TEXT OF MORE THAN EIGHT BYTES'
         LTORG
D        DSECT
FIELD    DS    3D
         END   HERE
