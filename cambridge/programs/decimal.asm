         TITLE 'DECIMAL - DECIMAL ARITHMETIC'
*
*        WHAT IT MEASURES: the decimal instructions, as a payroll uses
*        them.
*
*        A round: 40 employees. For each, hours and rate are packed and
*        multiplied, the product rounded; tax is multiplied and divided
*        out, the net pay subtracted and edited, the tax unpacked,
*        totals added. Of 25 instructions, 19 are PACK, UNPK, ZAP, AP,
*        SP, MP, DP, CP, SRP or ED. Then averages, and a comparison of
*        everything with what it must come to.
*
*        The fullword ROUNDS (location 200) says how many rounds to
*        run. The PSW of the final wait has the address 00C0DE if
*        every round came to the right sum, 000BAD if not.
*
DECIMAL  START 0
         DC    X'00080000',A(BEGIN)     Restart: EC mode, disabled
         ORG   DECIMAL+X'58'
         DC    X'000A0000',X'00BAD058'  External: not expected
         DC    X'000A0000',X'00BAD060'  Supervisor call: not expected
         DC    X'000A0000',X'00BAD068'  Program: not expected
         DC    X'000A0000',X'00BAD070'  Machine check: not expected
         DC    X'000A0000',X'00BAD078'  Input/output: not expected
         ORG   DECIMAL+X'200'
ROUNDS   DC    F'1'
GOOD     DC    0D'0',X'000A0000',X'0000C0DE'
BAD      DC    X'000A0000',X'00000BAD'
*
         USING DECIMAL,0
BEGIN    BALR  12,0
         USING *,12
         L     11,ROUNDS
ROUND    ZAP   GROSSES,ZERO
         ZAP   TAXES,ZERO
         ZAP   NETS,ZERO
         ZAP   MANY,ZERO
         XC    EDITED,EDITED
         XC    ZONED,ZONED
         LA    10,MEN
         LA    9,NMEN
         USING MAN,10
PAY      PACK  HOURSP,HOURS             Hours, in tenths
         PACK  RATEP,RATE               Cents an hour
         ZAP   GROSS,HOURSP
         MP    GROSS,RATEP
         SRP   GROSS,64-1,5             Round to cents
         CP    GROSS,HIGH
         BNH   DEDUCT
         AP    MANY,ONE
DEDUCT   ZAP   TAX,GROSS
         MP    TAX,PERCENT
         DP    TAX,HUNDRED
         ZAP   NET,GROSS
         SP    NET,TAX(6)
         AP    GROSSES,GROSS
         AP    TAXES,TAX(6)
         AP    NETS,NET
         MVC   LINE,PATTERN             The line of the report
         ED    LINE,NET+2
         UNPK  TAXOUT,TAX+1(5)
         OI    TAXOUT+8,X'F0'
         XC    EDITED,LINE              What all lines come to
         XC    ZONED,TAXOUT
         LA    10,LMAN(,10)
         BCT   9,PAY
*
         ZAP   AVERAGE,NETS
         DP    AVERAGE,COUNT
         SP    GROSSES,TAXES            Gross less tax is net
         CP    GROSSES,NETS
         BNE   FAIL
         CP    NETS,NETSUM
         BNE   FAIL
         CP    TAXES,TAXSUM
         BNE   FAIL
         CP    MANY,MANYSUM
         BNE   FAIL
         CP    AVERAGE(5),MEANSUM
         BNE   FAIL
         CP    AVERAGE+5(3),RESTSUM
         BNE   FAIL
         CLC   EDITED,EDITSUM
         BNE   FAIL
         CLC   ZONED,ZONESUM
         BNE   FAIL
         BCT   11,ROUND
         LPSW  GOOD
FAIL     LPSW  BAD
*
ZERO     DC    P'0'
ONE      DC    P'1'
HUNDRED  DC    P'100'
COUNT    DC    PL3'40'
HIGH     DC    P'100000'
PATTERN  DC    X'40206B2020206B2020214B2020'
HOURSP   DS    PL3
RATEP    DS    PL3
GROSS    DS    PL7
TAX      DS    PL8                      Quotient PL6, remainder PL2
NET      DS    PL7
GROSSES  DS    PL8
TAXES    DS    PL8
NETS     DS    PL8
MANY     DS    PL2
AVERAGE  DS    PL8
LINE     DS    CL13
TAXOUT   DS    CL9
EDITED   DS    CL13
ZONED    DS    CL9
*
*        What a round must come to
*
NETSUM   DC    P'3347460'
TAXSUM   DC    P'863168'
MANYSUM  DC    P'21'
MEANSUM  DC    P'83686'
RESTSUM  DC    P'20'
EDITSUM  DC    X'0000000000B12B010700000904'
ZONESUM  DC    X'00000000000505080C'
*
*        Name, hours, rate, per cent of tax
*
MEN      DC    CL10'ADAMS',C'0250',C'00725',PL2'9'
         DC    CL10'BAKER',C'0287',C'01636',PL2'16'
         DC    CL10'CLARK',C'0324',C'02547',PL2'23'
         DC    CL10'DAVIS',C'0361',C'03458',PL2'30'
         DC    CL10'EVANS',C'0398',C'04369',PL2'13'
         DC    CL10'FRANK',C'0435',C'01080',PL2'20'
         DC    CL10'GHOSH',C'0472',C'01991',PL2'27'
         DC    CL10'HILLS',C'0509',C'02902',PL2'10'
         DC    CL10'IRWIN',C'0286',C'03813',PL2'17'
         DC    CL10'JONES',C'0323',C'04724',PL2'24'
         DC    CL10'KLEIN',C'0360',C'01435',PL2'31'
         DC    CL10'LOPEZ',C'0397',C'02346',PL2'14'
         DC    CL10'MASON',C'0434',C'03257',PL2'21'
         DC    CL10'NOLAN',C'0471',C'04168',PL2'28'
         DC    CL10'OWENS',C'0508',C'00879',PL2'11'
         DC    CL10'PRICE',C'0285',C'01790',PL2'18'
         DC    CL10'QUINN',C'0322',C'02701',PL2'25'
         DC    CL10'REEVE',C'0359',C'03612',PL2'32'
         DC    CL10'SMITH',C'0396',C'04523',PL2'15'
         DC    CL10'TYLER',C'0433',C'01234',PL2'22'
         DC    CL10'ADAMS JR',C'0470',C'02145',PL2'29'
         DC    CL10'BAKER JR',C'0507',C'03056',PL2'12'
         DC    CL10'CLARK JR',C'0284',C'03967',PL2'19'
         DC    CL10'DAVIS JR',C'0321',C'04878',PL2'26'
         DC    CL10'EVANS JR',C'0358',C'01589',PL2'9'
         DC    CL10'FRANK JR',C'0395',C'02500',PL2'16'
         DC    CL10'GHOSH JR',C'0432',C'03411',PL2'23'
         DC    CL10'HILLS JR',C'0469',C'04322',PL2'30'
         DC    CL10'IRWIN JR',C'0506',C'01033',PL2'13'
         DC    CL10'JONES JR',C'0283',C'01944',PL2'20'
         DC    CL10'KLEIN JR',C'0320',C'02855',PL2'27'
         DC    CL10'LOPEZ JR',C'0357',C'03766',PL2'10'
         DC    CL10'MASON JR',C'0394',C'04677',PL2'17'
         DC    CL10'NOLAN JR',C'0431',C'01388',PL2'24'
         DC    CL10'OWENS JR',C'0468',C'02299',PL2'31'
         DC    CL10'PRICE JR',C'0505',C'03210',PL2'14'
         DC    CL10'QUINN JR',C'0282',C'04121',PL2'21'
         DC    CL10'REEVE JR',C'0319',C'00832',PL2'28'
         DC    CL10'SMITH JR',C'0356',C'01743',PL2'11'
         DC    CL10'TYLER JR',C'0393',C'02654',PL2'18'
NMEN     EQU   40
*
MAN      DSECT
NAME     DS    CL10
HOURS    DS    ZL4
RATE     DS    ZL5
PERCENT  DS    PL2
LMAN     EQU   *-MAN
         END   DECIMAL
