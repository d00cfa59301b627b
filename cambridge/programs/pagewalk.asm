         TITLE 'PAGEWALK - WALK OVER MORE PAGES THAN A TLB HOLDS'
*
*        WHAT IT MEASURES: address translation where every reference is
*        to another page, and there are more pages than a translation-
*        lookaside buffer has entries.
*
*        A virtual storage of 16 megabytes, 64K segments, 4K pages; in
*        each segment above the first megabyte, pages and frames are in
*        different orders. A round walks twice over 2,048 words that
*        are 4,160 bytes apart (so that they are not all in one set of
*        the host's cache) and fetches, changes and stores each: five
*        instructions to a page.
*
*        The fullword ROUNDS (location 200) says how many rounds to
*        run. The PSW of the final wait has the address 00C0DE if
*        every round came to the right sum, 000BAD if not.
*
PAGEWALK START 0
         DC    X'00080000',A(BEGIN)     Restart: EC mode, disabled
         ORG   PAGEWALK+X'58'
         DC    X'000A0000',X'00BAD058'  External: not expected
         DC    X'000A0000',X'00BAD060'  Supervisor call: not expected
         DC    X'000A0000',X'00BAD068'  Program: not expected
         DC    X'000A0000',X'00BAD070'  Machine check: not expected
         DC    X'000A0000',X'00BAD078'  Input/output: not expected
         ORG   PAGEWALK+X'200'
ROUNDS   DC    F'1'
SUM      DC    X'0F7E0800'              What a round must come to
GOOD     DC    0D'0',X'000A0000',X'0000C0DE'
BAD      DC    X'000A0000',X'00000BAD'
*
         USING PAGEWALK,0
BEGIN    BALR  12,0
         USING *,12
         LCTL  0,1,CRS
         PTLB
         L     1,ASEGS                  Segments: each has its pages
         L     2,APAGES
         O     2,LENGTH
         LA    3,256
SEGS     ST    2,0(,1)
         LA    1,4(,1)
         LA    2,32(,2)
         O     2,LENGTH                 LA made it a 24-bit address
         BCT   3,SEGS
*
         L     1,APAGES                 Pages
         SR    2,2                      Page number
         L     5,NPAGES
PAGES    LR    4,2
         C     2,FIRST
         BL    ASIS
         X     4,ORDER                  Another frame of the segment
ASIS     SLL   4,4
         STH   4,0(,1)
         LA    1,2(,1)
         LA    2,1(,2)
         BCT   5,PAGES
         LPSW  DATON
*
WALKS    L     11,ROUNDS
         L     6,STRIDE
         L     7,LAST
         L     3,START                  Each word holds its own address
FILL     ST    3,0(,3)
         BXLE  3,6,FILL
*
ROUND    SR    5,5                      The sum of all the words
         L     3,START
UP       L     4,0(,3)
         ALR   5,4
         LA    4,1(,4)
         ST    4,0(,3)
         BXLE  3,6,UP
         L     3,START
DOWN     L     4,0(,3)
         ALR   5,4
         BCTR  4,0
         ST    4,0(,3)
         BXLE  3,6,DOWN
         C     5,SUM
         BNE   FAIL
         BCT   11,ROUND
         LPSW  GOOD
FAIL     LPSW  BAD
*
DATON    DC    0D'0',X'04080000',A(WALKS)
CRS      DC    X'00800000'              4K pages in 64K segments
         DC    X'0F',AL3(SEGTAB)        256 segments
ASEGS    DC    A(SEGTAB)
APAGES   DC    A(PAGTABS)
LENGTH   DC    X'F0000000'              16 pages in each
NPAGES   DC    F'4096'
FIRST    DC    F'256'                   First page out of order
ORDER    DC    F'10'
NWORDS   EQU   2048
START    DC    X'00100000'
STRIDE   DC    F'4160'
LAST     DC    A(X'100000'+4160*NWORDS-4160)
*
         ORG   PAGEWALK+X'2000'
SEGTAB   DS    256F
PAGTABS  DS    4096H
         END   PAGEWALK
