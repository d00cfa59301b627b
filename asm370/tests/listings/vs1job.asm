TEST     CSECT
         BALR  12,0
         USING *,12
         LR    10,14
         LM    2,3,NUMS
         MR    2,2
         CVD   3,DW
         OI    DW+7,15
         UNPK  MSG+17(8),DW
         WTO   MF=(E,MSG)
         LR    14,10
         SR    15,15
         BR    14
NUMS     DC    F'1234,5678'
DW       DS    D
MSG      WTO   'PRODUCT IS  XXXXXXXX',MF=L
         END   TEST
