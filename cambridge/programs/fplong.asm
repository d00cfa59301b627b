         TITLE 'FPLONG - LONG FLOATING POINT'
*
*        WHAT IT MEASURES: long floating-point arithmetic: a matrix
*        product (load, multiply, add, store), square roots by Newton's
*        method (divide, add, halve, compare) and a polynomial by
*        Horner's rule (multiply, add).
*
*        A round: 12 by 12 matrices of positive numbers, a root of each
*        of the 144 elements of the product, a polynomial of degree 5
*        at each root. Half the instructions are floating-point ones.
*
*        The fullword ROUNDS (location 200) says how many rounds to
*        run. The PSW of the final wait has the address 00C0DE if
*        every round came to the right sum, 000BAD if not.
*
FPLONG   START 0
         DC    X'00080000',A(BEGIN)     Restart: EC mode, disabled
         ORG   FPLONG+X'58'
         DC    X'000A0000',X'00BAD058'  External: not expected
         DC    X'000A0000',X'00BAD060'  Supervisor call: not expected
         DC    X'000A0000',X'00BAD068'  Program: not expected
         DC    X'000A0000',X'00BAD070'  Machine check: not expected
         DC    X'000A0000',X'00BAD078'  Input/output: not expected
         ORG   FPLONG+X'200'
ROUNDS   DC    F'1'
RESULT   DC    0D'0',X'C71548CCD52EF5EB'      What a round must come to
GOOD     DC    0D'0',X'000A0000',X'0000C0DE'
BAD      DC    X'000A0000',X'00000BAD'
*
         USING FPLONG,0
BEGIN    BALR  12,0
         USING *,12
         L     11,ROUNDS
*
*        Matrices: C = A times B, 12 by 12
*
ROUND    LA    2,A                      Row of A
         LA    4,C                      Element of C
         LA    8,12
ROWS     LA    3,B                      Column of B
         LA    9,12
COLUMNS  SDR   0,0
         LR    5,2
         LR    6,3
         LA    7,12
PRODUCT  LD    2,0(,5)
         MD    2,0(,6)
         ADR   0,2
         LA    5,8(,5)
         LA    6,96(,6)
         BCT   7,PRODUCT
         STD   0,0(,4)
         LA    4,8(,4)
         LA    3,8(,3)
         BCT   9,COLUMNS
         LA    2,96(,2)
         BCT   8,ROWS
*
*        Square roots of all of C by Newton's method
*
         LA    2,C
         LA    8,144
ROOTS    LD    0,0(,2)                  The number
         LA    7,20                     No more steps than these
         LDR   2,0                      The root so far
NEWTON   LDR   4,0
         DDR   4,2
         ADR   4,2
         HDR   4,4                      The next
         LDR   6,4
         SDR   6,2
         LDR   2,4
         LTDR  6,6
         BZ    ROOTED
         LPDR  6,6
         CD    6,EPSILON
         BL    ROOTED
         BCT   7,NEWTON
ROOTED   STD   2,0(,2)
         LA    2,8(,2)
         BCT   8,ROOTS
*
*        A polynomial by Horner's rule at each root, summed up
*
         LA    2,C
         LA    8,144
         SDR   6,6                      The sum
POLYS    LD    4,0(,2)
         LD    0,COEFFS
         LA    3,COEFFS+8
         LA    7,5
HORNER   MDR   0,4
         AD    0,0(,3)
         LA    3,8(,3)
         BCT   7,HORNER
         DD    0,SCALE
         ADR   6,0
         LA    2,8(,2)
         BCT   8,POLYS
         STD   6,SUM
         CLC   SUM(8),RESULT
         BNE   FAIL
         BCT   11,ROUND
         LPSW  GOOD
FAIL     LPSW  BAD
*
         DS    0D
EPSILON  DC    D'1E-12'
COEFFS   DC    D'0.03125,-1.5,0.25,7,-0.1,2.5'
SCALE    DC    D'3.7'
SUM      DS    D
A        DC    D'1.5,8,15,22.5,6,13'
         DC    D'20.5,4,11,18.5,2,9'
         DC    D'16,23,7.5,14,21,5.5'
         DC    D'12,19,3.5,10,17,1.5'
         DC    D'8,15.5,22,6,13.5,20'
         DC    D'4,11.5,18,2,9.5,16'
         DC    D'23.5,7,14,21.5,5,12'
         DC    D'19.5,3,10,17.5,1,8'
         DC    D'15,22,6.5,13,20,4.5'
         DC    D'11,18,2.5,9,16,23.5'
         DC    D'7,14.5,21,5,12.5,19'
         DC    D'3,10.5,17,1,8.5,15'
         DC    D'22.5,6,13,20.5,4,11'
         DC    D'18.5,2,9,16.5,23,7'
         DC    D'14,21,5.5,12,19,3.5'
         DC    D'10,17,1.5,8,15,22.5'
         DC    D'6,13.5,20,4,11.5,18'
         DC    D'2,9.5,16,23,7.5,14'
         DC    D'21.5,5,12,19.5,3,10'
         DC    D'17.5,1,8,15.5,22,6'
         DC    D'13,20,4.5,11,18,2.5'
         DC    D'9,16,23.5,7,14,21.5'
         DC    D'5,12.5,19,3,10.5,17'
         DC    D'1,8.5,15,22,6.5,13'
B        DC    D'0.75,3.75,6.75,9.75,12.75,15.75'
         DC    D'1.75,4.75,7.75,10.75,13.75,16.75'
         DC    D'5.75,8.25,11.75,14.25,0.75,3.25'
         DC    D'6.75,9.25,12.75,15.25,1.75,4.25'
         DC    D'10.75,13.75,16.75,2.75,5.75,8.75'
         DC    D'11.75,14.75,0.75,3.75,6.75,9.75'
         DC    D'15.75,1.25,4.75,7.25,10.75,13.25'
         DC    D'16.75,2.25,5.75,8.25,11.75,14.25'
         DC    D'3.75,6.75,9.75,12.75,15.75,1.75'
         DC    D'4.75,7.75,10.75,13.75,16.75,2.75'
         DC    D'8.75,11.25,14.75,0.25,3.75,6.25'
         DC    D'9.75,12.25,15.75,1.25,4.75,7.25'
         DC    D'13.75,16.75,2.75,5.75,8.75,11.75'
         DC    D'14.75,0.75,3.75,6.75,9.75,12.75'
         DC    D'1.75,4.25,7.75,10.25,13.75,16.25'
         DC    D'2.75,5.25,8.75,11.25,14.75,0.25'
         DC    D'6.75,9.75,12.75,15.75,1.75,4.75'
         DC    D'7.75,10.75,13.75,16.75,2.75,5.75'
         DC    D'11.75,14.25,0.75,3.25,6.75,9.25'
         DC    D'12.75,15.25,1.75,4.25,7.75,10.25'
         DC    D'16.75,2.75,5.75,8.75,11.75,14.75'
         DC    D'0.75,3.75,6.75,9.75,12.75,15.75'
         DC    D'4.75,7.25,10.75,13.25,16.75,2.25'
         DC    D'5.75,8.25,11.75,14.25,0.75,3.25'
C        DS    144D
         END   FPLONG
