         TITLE 'MOVES - STORAGE MOVES'
*
*        WHAT IT MEASURES: instructions that work on strings of bytes:
*        MVC of 8 to 256 bytes, MVC and XC that clear, CLC, MVCL that
*        copies and that fills, CLCL, TR and TRT.
*
*        A round: a page of text is built from a line by MVC, copied
*        elsewhere by MVCL, compared with the original by CLCL,
*        translated to lower case a line at a time by TR, the words of
*        its first ten lines counted by TRT; blocks are moved, compared
*        and cleared, and the copy is blanked by MVCL.
*
*        The fullword ROUNDS (location 200) says how many rounds to
*        run. The PSW of the final wait has the address 00C0DE if
*        every round came to the right sum, 000BAD if not.
*
MOVES    START 0
         DC    X'00080000',A(BEGIN)     Restart: EC mode, disabled
         ORG   MOVES+X'58'
         DC    X'000A0000',X'00BAD058'  External: not expected
         DC    X'000A0000',X'00BAD060'  Supervisor call: not expected
         DC    X'000A0000',X'00BAD068'  Program: not expected
         DC    X'000A0000',X'00BAD070'  Machine check: not expected
         DC    X'000A0000',X'00BAD078'  Input/output: not expected
         ORG   MOVES+X'200'
ROUNDS   DC    F'1'
SUM      DC    X'000010DC'              What a round must come to
GOOD     DC    0D'0',X'000A0000',X'0000C0DE'
BAD      DC    X'000A0000',X'00000BAD'
*
         USING MOVES,0
BEGIN    BALR  12,0
         USING *,12
         L     11,ROUNDS
ROUND    L     2,APAGE                  Build a page of 50 lines
         LA    9,50
         L     3,ATEXTS
BUILD    MVI   0(2),C' '
         MVC   1(79,2),0(2)             Clear the line
         MVC   8(24,2),0(3)
         MVC   40(32,2),24(3)
         STC   9,79(,2)
         LA    3,1(,3)
         LA    2,80(,2)
         BCT   9,BUILD
*
         L     2,ACOPY                  Copy it
         L     3,LPAGE
         L     4,APAGE
         LR    5,3
         MVCL  2,4
         L     2,ACOPY                  Is it the same?
         L     3,LPAGE
         L     4,APAGE
         LR    5,3
         CLCL  2,4
         BNE   FAIL
*
         L     2,ACOPY                  Translate the copy
         LA    9,50
LOWER    TR    0(79,2),TOLOWER
         LA    2,80(,2)
         BCT   9,LOWER
*
         SR    6,6                      Words, and where they end
         L     7,ACOPY
         LA    9,10
LINES    LR    1,7
         LA    8,78(,7)                 Last byte to be looked at
WORDS    LR    5,8
         SR    5,1
         BM    LINEEND
         SR    2,2
         EX    5,FINDWORD               A letter
         BZ    LINEEND
         LR    5,8
         SR    5,1
         EX    5,FINDBLNK               A blank behind it
         BZ    LINEEND
         LA    6,1(,6)
         ALR   6,1
         SR    6,7
         B     WORDS
FINDWORD TRT   0(*-*,1),ISLETTER
FINDBLNK TRT   0(*-*,1),ISBLANK
LINEEND  LA    7,80(,7)
         BCT   9,LINES
         C     6,SUM
         BNE   FAIL
*
         L     2,ACOPY                  In blocks of 256
         L     3,ASPARE
         LA    9,16
BLOCKS   MVC   0(256,3),0(2)
         CLC   0(256,3),0(2)
         BNE   FAIL
         XC    0(256,3),0(3)
         LA    2,256(,2)
         LA    3,256(,3)
         BCT   9,BLOCKS
*
         L     2,ACOPY                  Blank the copy
         L     3,LPAGE
         SR    4,4
         L     5,BLANK
         MVCL  2,4
         L     2,ACOPY
         L     3,LPAGE
         SR    4,4
         L     5,BLANK
         CLCL  2,4
         BNE   FAIL
         BCT   11,ROUND
         LPSW  GOOD
FAIL     LPSW  BAD
*
APAGE    DC    A(X'8000')
ACOPY    DC    A(X'9100')               Not on the same page boundary
ASPARE   DC    A(X'B010')
LPAGE    DC    F'4000'
BLANK    DC    0F'0',C' ',AL3(0)
ATEXTS   DC    A(TEXTS)
TEXTS    DC    C'THE SYSTEM/370 HANDLES STRINGS OF BYTES IN STORAGE '
         DC    C'DIRECTLY, BY INSTRUCTIONS THAT NAME BOTH OPERANDS '
         DC    C'AND A LENGTH. ALL WORK IS DONE FROM LEFT TO RIGHT.'
*
TOLOWER  DC    256AL1(*-TOLOWER)
         ORG   TOLOWER+C'A'
         DC    X'818283848586878889'
         ORG   TOLOWER+C'J'
         DC    X'919293949596979899'
         ORG   TOLOWER+C'S'
         DC    X'A2A3A4A5A6A7A8A9'
         ORG
ISLETTER DC    256X'00'
         ORG   ISLETTER+X'81'
         DC    9X'01'
         ORG   ISLETTER+X'91'
         DC    9X'01'
         ORG   ISLETTER+X'A2'
         DC    8X'01'
         ORG
ISBLANK  DC    256X'00'
         ORG   ISBLANK+C' '
         DC    X'01'
         ORG
         END   MOVES
