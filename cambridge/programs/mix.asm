         TITLE 'MIX - CALL-HEAVY INTEGER MIX'
*
*        WHAT IT MEASURES: what commercial programs without decimal
*        arithmetic do most: call subroutines, load, store, move and
*        compare characters, compare and branch. Each routine has its
*        data behind it, on the page of its code, as is the custom on
*        System/370, so stores go beside instructions all the time.
*
*        A round: 20 transactions against a stock of 12 articles. For
*        each, LOOKUP searches the stock by key (CLC, BE, LA, BCT),
*        POST updates the article (standard linkage, L/ST, AH, MVC,
*        CLC) and DIGEST stirs three words of it into a sum (L, SLL,
*        SRL, XR).
*
*        The fullword ROUNDS (location 200) says how many rounds to
*        run. The PSW of the final wait has the address 00C0DE if every
*        round came to the right sum, 000BAD if not.
*
MIX      START 0
         DC    X'00080000',A(BEGIN)     Restart: EC mode, disabled
         ORG   MIX+X'58'                No interruption is expected
         DC    X'000A0000',X'00BAD058'  External
         DC    X'000A0000',X'00BAD060'  Supervisor call
         DC    X'000A0000',X'00BAD068'  Program
         DC    X'000A0000',X'00BAD070'  Machine check
         DC    X'000A0000',X'00BAD078'  Input/output
         ORG   MIX+X'200'
ROUNDS   DC    F'1'
SUM      DC    X'5FC60765'              What a round must come to
GOOD     DC    0D'0',X'000A0000',X'0000C0DE'
BAD      DC    X'000A0000',X'00000BAD'
*
*        The main loop: registers 9-11 count, 12 base, 13 save area
*
         USING MIX,0
BEGIN    BALR  12,0
         USING *,12
         LA    13,SAVEAREA
         L     11,ROUNDS
ROUND    L     15,ARESET
         BALR  14,15
         LA    10,TRANS
         LA    9,NTRANS
TURN     LR    1,10
         L     15,ALOOKUP               Find the article
         BALR  14,15
         LTR   15,15
         BNZ   UNKNOWN
         LR    2,1
         LR    1,10
         L     15,APOST                 Post the transaction to it
         BALR  14,15
         LTR   15,15
         LA    2,8(,2)                  Name, stock, number of times
         BZ    STIR
         L     3,REFUSED
         LA    3,1(,3)
         ST    3,REFUSED
         B     STIR
UNKNOWN  L     3,MISSING
         LA    3,1(,3)
         ST    3,MISSING
         LR    2,10
STIR     LA    1,3                      Words
         L     15,ADIGEST               Stir in what was touched
         BALR  14,15
         LA    10,LTRANS(,10)
         BCT   9,TURN
         L     2,DIGESTED
         A     2,MISSING
         A     2,REFUSED
         C     2,SUM
         BNE   FAIL
         BCT   11,ROUND
         LPSW  GOOD
FAIL     LPSW  BAD
ARESET   DC    A(RESET)
ALOOKUP  DC    A(LOOKUP)
APOST    DC    A(POST)
ADIGEST  DC    A(DIGEST)
MISSING  DS    F                        Transactions without an article
REFUSED  DS    F                        Transactions not posted
SAVEAREA DC    18F'0'
         DROP  12
*
*        RESET: the stock as it is before a round
*
         USING *,15
RESET    STM   2,4,RESETSV
         SR    2,2
         L     3,RESETMS
         ST    2,0(,3)
         ST    2,4(,3)
         L     3,RESETDG
         ST    2,0(,3)
         L     3,RESETHI
         MVC   0(8,3),RESETBL
         L     3,RESETKY
         MVC   0(4,3),RESETBL
         L     3,RESETST
         LA    4,NSTOCK
         USING ARTICLE,3
RESETL   LA    2,100(,2)
         ST    2,ONHAND
         XC    POSTED,POSTED
         MVC   LAST,RESETBL             Nobody
         LA    3,LSTOCK(,3)
         BCT   4,RESETL
         LM    2,4,RESETSV
         BR    14
RESETMS  DC    A(MISSING)
RESETDG  DC    A(DIGESTED)
RESETST  DC    A(STOCK)
RESETHI  DC    A(POSTHIGH)
RESETKY  DC    A(LOOKUPKY)
RESETBL  DC    CL8' '
RESETSV  DS    3F
         DROP  3,15
*
*        LOOKUP: register 1 -> transaction. Returns 15 zero and 1 ->
*        article, or 15 not zero
*
         USING *,15
LOOKUP   STM   2,4,LOOKUPSV
         USING TRANSACT,1
         L     3,LOOKUPST
         USING ARTICLE,3
         LA    4,NSTOCK
         CLC   KEY,LOOKUPKY             The same as last time?
         BNE   LOOKUPL
         L     3,LOOKUPAT
         B     LOOKUPF
LOOKUPL  CLC   KEY,CODE
         BE    LOOKUPF
         LA    3,LSTOCK(,3)
         BCT   4,LOOKUPL
         LM    2,4,LOOKUPSV
         LA    15,4
         BR    14
LOOKUPF  MVC   LOOKUPKY,KEY
         ST    3,LOOKUPAT
         LR    1,3
         LM    2,4,LOOKUPSV
         SR    15,15
         BR    14
LOOKUPST DC    A(STOCK)
LOOKUPAT DS    A
LOOKUPKY DC    CL4' '
LOOKUPSV DS    3F
         DROP  1,3,15
*
*        POST: register 1 -> transaction, 2 -> article. Returns 15 zero
*        if it was posted
*
POST     STM   14,12,12(13)
         LR    12,15
         USING POST,12
         LA    3,POSTSAVE
         ST    13,4(,3)
         ST    3,8(,13)
         LR    13,3
         USING TRANSACT,1
         USING ARTICLE,2
         L     5,ONHAND
         CLI   TYPE,C'S'                A sale or a purchase?
         BNE   POSTBUY
         SH    5,QUANTITY
         BM    POSTNO
         B     POSTYES
POSTBUY  AH    5,QUANTITY
         C     5,POSTMAX
         BH    POSTNO
POSTYES  ST    5,ONHAND
         LA    6,1
         AH    6,POSTED
         STH   6,POSTED
         MVC   LAST,WHO
         CLC   NAME,POSTHIGH
         BNH   POSTOK
         MVC   POSTHIGH,NAME
POSTOK   SR    15,15
         B     POSTRET
POSTNO   LA    15,4
POSTRET  L     13,4(,13)
         ST    15,16(,13)
         LM    14,12,12(13)
         BR    14
POSTMAX  DC    F'1500'
POSTHIGH DC    CL8' '
POSTSAVE DC    18F'0'
         DROP  1,2,12
*
*        DIGEST: stirs the words at register 2, as many as 1 says, into
*        a sum
*
         USING *,15
DIGEST   STM   2,5,DIGESTSV
         L     3,DIGESTED
DIGESTL  L     4,0(,2)
         LR    5,3
         SLL   3,5
         SRL   5,27
         OR    3,5
         XR    3,4
         LA    2,4(,2)
         BCT   1,DIGESTL
         ST    3,DIGESTED
         LM    2,5,DIGESTSV
         BR    14
DIGESTED DS    F
DIGESTSV DS    4F
         DROP  15
*
*        What there is, and what happens
*
STOCK    DC    CL4'A017',CL8'BOLT',F'0',H'0',CL4' ',XL2'0'
         DC    CL4'A023',CL8'NUT',F'0',H'0',CL4' ',XL2'0'
         DC    CL4'A030',CL8'WASHER',F'0',H'0',CL4' ',XL2'0'
         DC    CL4'B002',CL8'RIVET',F'0',H'0',CL4' ',XL2'0'
         DC    CL4'B114',CL8'SCREW',F'0',H'0',CL4' ',XL2'0'
         DC    CL4'B115',CL8'SCREW L',F'0',H'0',CL4' ',XL2'0'
         DC    CL4'C001',CL8'HINGE',F'0',H'0',CL4' ',XL2'0'
         DC    CL4'C007',CL8'BRACKET',F'0',H'0',CL4' ',XL2'0'
         DC    CL4'C019',CL8'CLAMP',F'0',H'0',CL4' ',XL2'0'
         DC    CL4'D100',CL8'SPRING',F'0',H'0',CL4' ',XL2'0'
         DC    CL4'D200',CL8'GASKET',F'0',H'0',CL4' ',XL2'0'
         DC    CL4'E555',CL8'VALVE',F'0',H'0',CL4' ',XL2'0'
NSTOCK   EQU   12
*
TRANS    DC    CL4'A030',CL4'JIM',H'40',C'S',X'0'
         DC    CL4'A030',CL4'SUE',H'250',C'S',X'0'
         DC    CL4'C007',CL4'ANN',H'120',C'P',X'0'
         DC    CL4'B114',CL4'JIM',H'33',C'S',X'0'
         DC    CL4'E555',CL4'BOB',H'500',C'P',X'0'
         DC    CL4'A017',CL4'ANN',H'90',C'S',X'0'
         DC    CL4'X999',CL4'BOB',H'1',C'S',X'0'
         DC    CL4'D200',CL4'SUE',H'75',C'S',X'0'
         DC    CL4'D200',CL4'SUE',H'80',C'S',X'0'
         DC    CL4'B002',CL4'JIM',H'10',C'P',X'0'
         DC    CL4'C019',CL4'BOB',H'66',C'S',X'0'
         DC    CL4'A023',CL4'ANN',H'201',C'S',X'0'
         DC    CL4'C001',CL4'SUE',H'12',C'P',X'0'
         DC    CL4'E555',CL4'JIM',H'3',C'S',X'0'
         DC    CL4'D100',CL4'ANN',H'44',C'S',X'0'
         DC    CL4'B115',CL4'BOB',H'17',C'P',X'0'
         DC    CL4'A017',CL4'JIM',H'10',C'S',X'0'
         DC    CL4'A030',CL4'ANN',H'30',C'P',X'0'
         DC    CL4'Q123',CL4'BOB',H'2',C'P',X'0'
         DC    CL4'C007',CL4'SUE',H'21',C'S',X'0'
NTRANS   EQU   20
*
ARTICLE  DSECT
CODE     DS    CL4
NAME     DS    CL8
ONHAND   DS    F
POSTED   DS    H
LAST     DS    CL4
         DS    XL2
LSTOCK   EQU   *-ARTICLE
TRANSACT DSECT
KEY      DS    CL4
WHO      DS    CL4
QUANTITY DS    H
TYPE     DS    C
         DS    X
LTRANS   EQU   *-TRANSACT
         END   MIX
