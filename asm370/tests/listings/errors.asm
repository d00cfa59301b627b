P        CSECT
         L     1,NOWHERE
         LR    1,16
         BAD   1,2
X        DC    F'12A'
X        DC    H'1'
         MVC   0(300,1),0(2)
         MACRO
         M     &R
         LR    &R,&R
         MEND
         M     77
         END
