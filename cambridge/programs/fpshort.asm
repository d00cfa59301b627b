         TITLE 'FPSHORT - SHORT FLOATING POINT'
*
*        WHAT IT MEASURES: short floating-point arithmetic: a matrix
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
FPSHORT  START 0
         DC    X'00080000',A(BEGIN)     Restart: EC mode, disabled
         ORG   FPSHORT+X'58'
         DC    X'000A0000',X'00BAD058'  External: not expected
         DC    X'000A0000',X'00BAD060'  Supervisor call: not expected
         DC    X'000A0000',X'00BAD068'  Program: not expected
         DC    X'000A0000',X'00BAD070'  Machine check: not expected
         DC    X'000A0000',X'00BAD078'  Input/output: not expected
         ORG   FPSHORT+X'200'
ROUNDS   DC    F'1'
RESULT   DC    0D'0',X'C71548B9'              What a round must come to
GOOD     DC    0D'0',X'000A0000',X'0000C0DE'
BAD      DC    X'000A0000',X'00000BAD'
*
         USING FPSHORT,0
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
COLUMNS  SER   0,0
         LR    5,2
         LR    6,3
         LA    7,12
PRODUCT  LE    2,0(,5)
         ME    2,0(,6)
         AER   0,2
         LA    5,4(,5)
         LA    6,48(,6)
         BCT   7,PRODUCT
         STE   0,0(,4)
         LA    4,4(,4)
         LA    3,4(,3)
         BCT   9,COLUMNS
         LA    2,48(,2)
         BCT   8,ROWS
*
*        Square roots of all of C by Newton's method
*
         LA    2,C
         LA    8,144
ROOTS    LE    0,0(,2)                  The number
         LA    7,20                     No more steps than these
         LER   2,0                      The root so far
NEWTON   LER   4,0
         DER   4,2
         AER   4,2
         HER   4,4                      The next
         LER   6,4
         SER   6,2
         LER   2,4
         LTER  6,6
         BZ    ROOTED
         LPER  6,6
         CE    6,EPSILON
         BL    ROOTED
         BCT   7,NEWTON
ROOTED   STE   2,0(,2)
         LA    2,4(,2)
         BCT   8,ROOTS
*
*        A polynomial by Horner's rule at each root, summed up
*
         LA    2,C
         LA    8,144
         SER   6,6                      The sum
POLYS    LE    4,0(,2)
         LE    0,COEFFS
         LA    3,COEFFS+4
         LA    7,5
HORNER   MER   0,4
         AE    0,0(,3)
         LA    3,4(,3)
         BCT   7,HORNER
         DE    0,SCALE
         AER   6,0
         LA    2,4(,2)
         BCT   8,POLYS
         STE   6,SUM
         CLC   SUM(4),RESULT
         BNE   FAIL
         BCT   11,ROUND
         LPSW  GOOD
FAIL     LPSW  BAD
*
         DS    0D
EPSILON  DC    E'1E-4'
COEFFS   DC    E'0.03125,-1.5,0.25,7,-0.1,2.5'
SCALE    DC    E'3.7'
SUM      DS    E
A        DC    E'1.5,8,15,22.5,6,13'
         DC    E'20.5,4,11,18.5,2,9'
         DC    E'16,23,7.5,14,21,5.5'
         DC    E'12,19,3.5,10,17,1.5'
         DC    E'8,15.5,22,6,13.5,20'
         DC    E'4,11.5,18,2,9.5,16'
         DC    E'23.5,7,14,21.5,5,12'
         DC    E'19.5,3,10,17.5,1,8'
         DC    E'15,22,6.5,13,20,4.5'
         DC    E'11,18,2.5,9,16,23.5'
         DC    E'7,14.5,21,5,12.5,19'
         DC    E'3,10.5,17,1,8.5,15'
         DC    E'22.5,6,13,20.5,4,11'
         DC    E'18.5,2,9,16.5,23,7'
         DC    E'14,21,5.5,12,19,3.5'
         DC    E'10,17,1.5,8,15,22.5'
         DC    E'6,13.5,20,4,11.5,18'
         DC    E'2,9.5,16,23,7.5,14'
         DC    E'21.5,5,12,19.5,3,10'
         DC    E'17.5,1,8,15.5,22,6'
         DC    E'13,20,4.5,11,18,2.5'
         DC    E'9,16,23.5,7,14,21.5'
         DC    E'5,12.5,19,3,10.5,17'
         DC    E'1,8.5,15,22,6.5,13'
B        DC    E'0.75,3.75,6.75,9.75,12.75,15.75'
         DC    E'1.75,4.75,7.75,10.75,13.75,16.75'
         DC    E'5.75,8.25,11.75,14.25,0.75,3.25'
         DC    E'6.75,9.25,12.75,15.25,1.75,4.25'
         DC    E'10.75,13.75,16.75,2.75,5.75,8.75'
         DC    E'11.75,14.75,0.75,3.75,6.75,9.75'
         DC    E'15.75,1.25,4.75,7.25,10.75,13.25'
         DC    E'16.75,2.25,5.75,8.25,11.75,14.25'
         DC    E'3.75,6.75,9.75,12.75,15.75,1.75'
         DC    E'4.75,7.75,10.75,13.75,16.75,2.75'
         DC    E'8.75,11.25,14.75,0.25,3.75,6.25'
         DC    E'9.75,12.25,15.75,1.25,4.75,7.25'
         DC    E'13.75,16.75,2.75,5.75,8.75,11.75'
         DC    E'14.75,0.75,3.75,6.75,9.75,12.75'
         DC    E'1.75,4.25,7.75,10.25,13.75,16.25'
         DC    E'2.75,5.25,8.75,11.25,14.75,0.25'
         DC    E'6.75,9.75,12.75,15.75,1.75,4.75'
         DC    E'7.75,10.75,13.75,16.75,2.75,5.75'
         DC    E'11.75,14.25,0.75,3.25,6.75,9.25'
         DC    E'12.75,15.25,1.75,4.25,7.75,10.25'
         DC    E'16.75,2.75,5.75,8.75,11.75,14.75'
         DC    E'0.75,3.75,6.75,9.75,12.75,15.75'
         DC    E'4.75,7.25,10.75,13.25,16.75,2.25'
         DC    E'5.75,8.25,11.75,14.25,0.75,3.25'
C        DS    144E
         END   FPSHORT
