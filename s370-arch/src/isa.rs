//! The instruction table: the one list of System/370 instructions.
//!
//! Everything that is known about an instruction as such stands in one row of
//! [`for_each_instruction!`](crate::for_each_instruction): the decoder, the disassembler, the assembler's mnemonics,
//! trace text, the privilege check, the list in `docs/instructions.md` and the coverage test of the vectors are all made
//! from it. `s370-cpu` hands the same macro its dispatcher, so that a row without an implementation does not compile.
//!
//! A row, from left to right:
//!
//! | column | meaning |
//! |---|---|
//! | operation code | two digits: bits 0-7; four digits: bits 0-15 (in 9C-9F only bit 15 of the second byte counts) |
//! | mnemonic, method | the assembler's name; the same in lower case, the name of its implementation |
//! | format | [`Format`]: where the operands are and how they are written |
//! | privilege | [`Privilege`]: what the architecture allows in the problem state |
//! | facility | [`Facility`] that must be installed |
//! | sensitivity | [`Sensitivity`]: Popek and Goldberg's class, by their definitions, filled in by hand |
//! | condition code | [`ConditionCode`]: the kind of rule, and the values that can be the result |
//! | program interruptions | [`Exception`]s that it can cause besides those every instruction can (on its own fetch) |
//! | name, chapter | as in the Principles of Operation, GA22-7000-10 |

use serde::{Deserialize, Serialize};

use crate::format::Format;

/// Calls `$callback!` once with all rows of the instruction table.
///
/// The callback sees `(OPCODE MNEMONIC method Format Privilege Facility Sensitivity CodeRule [codes] [exceptions]
/// "NAME" "chapter")` repeated.
#[macro_export]
macro_rules! for_each_instruction {
    ($callback:path) => {
        $callback! {
        (0x04   SPM   spm   R1   Problem        Base                  Innocuous Loaded [0,1,2,3]           [] "SET PROGRAM MASK" "7")
        (0x05   BALR  balr  Rr   Problem        Base                  Innocuous Unchanged []               [] "BRANCH AND LINK" "7")
        (0x06   BCTR  bctr  Rr   Problem        Base                  Innocuous Unchanged []               [] "BRANCH ON COUNT" "7")
        (0x07   BCR   bcr   RrM  Problem        Base                  Innocuous Unchanged []               [] "BRANCH ON CONDITION" "7")
        (0x08   SSK   ssk   Rr   Privileged     Base                  Both      Unchanged []               [Privileged, Addressing, Specification, SpecialOperation] "SET STORAGE KEY" "10")
        (0x09   ISK   isk   Rr   Privileged     Base                  Behavior  Unchanged []               [Privileged, Addressing, Specification, SpecialOperation] "INSERT STORAGE KEY" "10")
        (0x0A   SVC   svc   I    Problem        Base                  Innocuous Unchanged []               [] "SUPERVISOR CALL" "7")
        (0x0D   BASR  basr  Rr   Problem        BranchAndSave         Innocuous Unchanged []               [] "BRANCH AND SAVE" "7")
        (0x0E   MVCL  mvcl  Rr   Problem        S370                  Innocuous Defined [0,1,2,3]          [Fetch, Store, Specification] "MOVE LONG" "7")
        (0x0F   CLCL  clcl  Rr   Problem        S370                  Innocuous Compare [0,1,2]            [Fetch, Specification] "COMPARE LOGICAL LONG" "7")
        (0x10   LPR   lpr   Rr   Problem        Base                  Innocuous Arithmetic [0,2,3]         [FixedOverflow] "LOAD POSITIVE" "7")
        (0x11   LNR   lnr   Rr   Problem        Base                  Innocuous Arithmetic [0,1]           [] "LOAD NEGATIVE" "7")
        (0x12   LTR   ltr   Rr   Problem        Base                  Innocuous Arithmetic [0,1,2]         [] "LOAD AND TEST" "7")
        (0x13   LCR   lcr   Rr   Problem        Base                  Innocuous Arithmetic [0,1,2,3]       [FixedOverflow] "LOAD COMPLEMENT" "7")
        (0x14   NR    nr    Rr   Problem        Base                  Innocuous Logical [0,1]              [] "AND" "7")
        (0x15   CLR   clr   Rr   Problem        Base                  Innocuous Compare [0,1,2]            [] "COMPARE LOGICAL" "7")
        (0x16   OR    or    Rr   Problem        Base                  Innocuous Logical [0,1]              [] "OR" "7")
        (0x17   XR    xr    Rr   Problem        Base                  Innocuous Logical [0,1]              [] "EXCLUSIVE OR" "7")
        (0x18   LR    lr    Rr   Problem        Base                  Innocuous Unchanged []               [] "LOAD" "7")
        (0x19   CR    cr    Rr   Problem        Base                  Innocuous Compare [0,1,2]            [] "COMPARE" "7")
        (0x1A   AR    ar    Rr   Problem        Base                  Innocuous Arithmetic [0,1,2,3]       [FixedOverflow] "ADD" "7")
        (0x1B   SR    sr    Rr   Problem        Base                  Innocuous Arithmetic [0,1,2,3]       [FixedOverflow] "SUBTRACT" "7")
        (0x1C   MR    mr    Rr   Problem        Base                  Innocuous Unchanged []               [Specification] "MULTIPLY" "7")
        (0x1D   DR    dr    Rr   Problem        Base                  Innocuous Unchanged []               [Specification, FixedDivide] "DIVIDE" "7")
        (0x1E   ALR   alr   Rr   Problem        Base                  Innocuous AddLogical [0,1,2,3]       [] "ADD LOGICAL" "7")
        (0x1F   SLR   slr   Rr   Problem        Base                  Innocuous SubtractLogical [1,2,3]    [] "SUBTRACT LOGICAL" "7")
        (0x20   LPDR  lpdr  Rr   Problem        FloatingPoint         Innocuous Arithmetic [0,2]           [Specification] "LOAD POSITIVE (LONG)" "9")
        (0x21   LNDR  lndr  Rr   Problem        FloatingPoint         Innocuous Arithmetic [0,1]           [Specification] "LOAD NEGATIVE (LONG)" "9")
        (0x22   LTDR  ltdr  Rr   Problem        FloatingPoint         Innocuous Arithmetic [0,1,2]         [Specification] "LOAD AND TEST (LONG)" "9")
        (0x23   LCDR  lcdr  Rr   Problem        FloatingPoint         Innocuous Arithmetic [0,1,2]         [Specification] "LOAD COMPLEMENT (LONG)" "9")
        (0x24   HDR   hdr   Rr   Problem        FloatingPoint         Innocuous Unchanged []               [Specification, ExponentUnderflow] "HALVE (LONG)" "9")
        (0x25   LRDR  lrdr  Rr   Problem        ExtendedFloatingPoint Innocuous Unchanged []               [Specification, ExponentOverflow] "LOAD ROUNDED (EXTENDED TO LONG)" "9")
        (0x26   MXR   mxr   Rr   Problem        ExtendedFloatingPoint Innocuous Unchanged []               [Specification, ExponentOverflow, ExponentUnderflow] "MULTIPLY (EXTENDED)" "9")
        (0x27   MXDR  mxdr  Rr   Problem        ExtendedFloatingPoint Innocuous Unchanged []               [Specification, ExponentOverflow, ExponentUnderflow] "MULTIPLY (LONG TO EXTENDED)" "9")
        (0x28   LDR   ldr   Rr   Problem        FloatingPoint         Innocuous Unchanged []               [Specification] "LOAD (LONG)" "9")
        (0x29   CDR   cdr   Rr   Problem        FloatingPoint         Innocuous Compare [0,1,2]            [Specification] "COMPARE (LONG)" "9")
        (0x2A   ADR   adr   Rr   Problem        FloatingPoint         Innocuous Arithmetic [0,1,2]         [Specification, ExponentOverflow, ExponentUnderflow, Significance] "ADD NORMALIZED (LONG)" "9")
        (0x2B   SDR   sdr   Rr   Problem        FloatingPoint         Innocuous Arithmetic [0,1,2]         [Specification, ExponentOverflow, ExponentUnderflow, Significance] "SUBTRACT NORMALIZED (LONG)" "9")
        (0x2C   MDR   mdr   Rr   Problem        FloatingPoint         Innocuous Unchanged []               [Specification, ExponentOverflow, ExponentUnderflow] "MULTIPLY (LONG)" "9")
        (0x2D   DDR   ddr   Rr   Problem        FloatingPoint         Innocuous Unchanged []               [Specification, ExponentOverflow, ExponentUnderflow, FloatingPointDivide] "DIVIDE (LONG)" "9")
        (0x2E   AWR   awr   Rr   Problem        FloatingPoint         Innocuous Arithmetic [0,1,2]         [Specification, ExponentOverflow, Significance] "ADD UNNORMALIZED (LONG)" "9")
        (0x2F   SWR   swr   Rr   Problem        FloatingPoint         Innocuous Arithmetic [0,1,2]         [Specification, ExponentOverflow, Significance] "SUBTRACT UNNORMALIZED (LONG)" "9")
        (0x30   LPER  lper  Rr   Problem        FloatingPoint         Innocuous Arithmetic [0,2]           [Specification] "LOAD POSITIVE (SHORT)" "9")
        (0x31   LNER  lner  Rr   Problem        FloatingPoint         Innocuous Arithmetic [0,1]           [Specification] "LOAD NEGATIVE (SHORT)" "9")
        (0x32   LTER  lter  Rr   Problem        FloatingPoint         Innocuous Arithmetic [0,1,2]         [Specification] "LOAD AND TEST (SHORT)" "9")
        (0x33   LCER  lcer  Rr   Problem        FloatingPoint         Innocuous Arithmetic [0,1,2]         [Specification] "LOAD COMPLEMENT (SHORT)" "9")
        (0x34   HER   her   Rr   Problem        FloatingPoint         Innocuous Unchanged []               [Specification, ExponentUnderflow] "HALVE (SHORT)" "9")
        (0x35   LRER  lrer  Rr   Problem        ExtendedFloatingPoint Innocuous Unchanged []               [Specification, ExponentOverflow] "LOAD ROUNDED (LONG TO SHORT)" "9")
        (0x36   AXR   axr   Rr   Problem        ExtendedFloatingPoint Innocuous Arithmetic [0,1,2]         [Specification, ExponentOverflow, ExponentUnderflow, Significance] "ADD NORMALIZED (EXTENDED)" "9")
        (0x37   SXR   sxr   Rr   Problem        ExtendedFloatingPoint Innocuous Arithmetic [0,1,2]         [Specification, ExponentOverflow, ExponentUnderflow, Significance] "SUBTRACT NORMALIZED (EXTENDED)" "9")
        (0x38   LER   ler   Rr   Problem        FloatingPoint         Innocuous Unchanged []               [Specification] "LOAD (SHORT)" "9")
        (0x39   CER   cer   Rr   Problem        FloatingPoint         Innocuous Compare [0,1,2]            [Specification] "COMPARE (SHORT)" "9")
        (0x3A   AER   aer   Rr   Problem        FloatingPoint         Innocuous Arithmetic [0,1,2]         [Specification, ExponentOverflow, ExponentUnderflow, Significance] "ADD NORMALIZED (SHORT)" "9")
        (0x3B   SER   ser   Rr   Problem        FloatingPoint         Innocuous Arithmetic [0,1,2]         [Specification, ExponentOverflow, ExponentUnderflow, Significance] "SUBTRACT NORMALIZED (SHORT)" "9")
        (0x3C   MER   mer   Rr   Problem        FloatingPoint         Innocuous Unchanged []               [Specification, ExponentOverflow, ExponentUnderflow] "MULTIPLY (SHORT TO LONG)" "9")
        (0x3D   DER   der   Rr   Problem        FloatingPoint         Innocuous Unchanged []               [Specification, ExponentOverflow, ExponentUnderflow, FloatingPointDivide] "DIVIDE (SHORT)" "9")
        (0x3E   AUR   aur   Rr   Problem        FloatingPoint         Innocuous Arithmetic [0,1,2]         [Specification, ExponentOverflow, Significance] "ADD UNNORMALIZED (SHORT)" "9")
        (0x3F   SUR   sur   Rr   Problem        FloatingPoint         Innocuous Arithmetic [0,1,2]         [Specification, ExponentOverflow, Significance] "SUBTRACT UNNORMALIZED (SHORT)" "9")
        (0x40   STH   sth   Rx   Problem        Base                  Innocuous Unchanged []               [Store] "STORE HALFWORD" "7")
        (0x41   LA    la    Rx   Problem        Base                  Innocuous Unchanged []               [] "LOAD ADDRESS" "7")
        (0x42   STC   stc   Rx   Problem        Base                  Innocuous Unchanged []               [Store] "STORE CHARACTER" "7")
        (0x43   IC    ic    Rx   Problem        Base                  Innocuous Unchanged []               [Fetch] "INSERT CHARACTER" "7")
        (0x44   EX    ex    Rx   Problem        Base                  Innocuous Unchanged []               [Fetch, Specification, Execute] "EXECUTE" "7")
        (0x45   BAL   bal   Rx   Problem        Base                  Innocuous Unchanged []               [] "BRANCH AND LINK" "7")
        (0x46   BCT   bct   Rx   Problem        Base                  Innocuous Unchanged []               [] "BRANCH ON COUNT" "7")
        (0x47   BC    bc    RxM  Problem        Base                  Innocuous Unchanged []               [] "BRANCH ON CONDITION" "7")
        (0x48   LH    lh    Rx   Problem        Base                  Innocuous Unchanged []               [Fetch] "LOAD HALFWORD" "7")
        (0x49   CH    ch    Rx   Problem        Base                  Innocuous Compare [0,1,2]            [Fetch] "COMPARE HALFWORD" "7")
        (0x4A   AH    ah    Rx   Problem        Base                  Innocuous Arithmetic [0,1,2,3]       [Fetch, FixedOverflow] "ADD HALFWORD" "7")
        (0x4B   SH    sh    Rx   Problem        Base                  Innocuous Arithmetic [0,1,2,3]       [Fetch, FixedOverflow] "SUBTRACT HALFWORD" "7")
        (0x4C   MH    mh    Rx   Problem        Base                  Innocuous Unchanged []               [Fetch] "MULTIPLY HALFWORD" "7")
        (0x4D   BAS   bas   Rx   Problem        BranchAndSave         Innocuous Unchanged []               [] "BRANCH AND SAVE" "7")
        (0x4E   CVD   cvd   Rx   Problem        Base                  Innocuous Unchanged []               [Store] "CONVERT TO DECIMAL" "7")
        (0x4F   CVB   cvb   Rx   Problem        Base                  Innocuous Unchanged []               [Fetch, Data, FixedDivide] "CONVERT TO BINARY" "7")
        (0x50   ST    st    Rx   Problem        Base                  Innocuous Unchanged []               [Store] "STORE" "7")
        (0x54   N     n     Rx   Problem        Base                  Innocuous Logical [0,1]              [Fetch] "AND" "7")
        (0x55   CL    cl    Rx   Problem        Base                  Innocuous Compare [0,1,2]            [Fetch] "COMPARE LOGICAL" "7")
        (0x56   O     o     Rx   Problem        Base                  Innocuous Logical [0,1]              [Fetch] "OR" "7")
        (0x57   X     x     Rx   Problem        Base                  Innocuous Logical [0,1]              [Fetch] "EXCLUSIVE OR" "7")
        (0x58   L     l     Rx   Problem        Base                  Innocuous Unchanged []               [Fetch] "LOAD" "7")
        (0x59   C     c     Rx   Problem        Base                  Innocuous Compare [0,1,2]            [Fetch] "COMPARE" "7")
        (0x5A   A     a     Rx   Problem        Base                  Innocuous Arithmetic [0,1,2,3]       [Fetch, FixedOverflow] "ADD" "7")
        (0x5B   S     s     Rx   Problem        Base                  Innocuous Arithmetic [0,1,2,3]       [Fetch, FixedOverflow] "SUBTRACT" "7")
        (0x5C   M     m     Rx   Problem        Base                  Innocuous Unchanged []               [Fetch, Specification] "MULTIPLY" "7")
        (0x5D   D     d     Rx   Problem        Base                  Innocuous Unchanged []               [Fetch, Specification, FixedDivide] "DIVIDE" "7")
        (0x5E   AL    al    Rx   Problem        Base                  Innocuous AddLogical [0,1,2,3]       [Fetch] "ADD LOGICAL" "7")
        (0x5F   SL    sl    Rx   Problem        Base                  Innocuous SubtractLogical [1,2,3]    [Fetch] "SUBTRACT LOGICAL" "7")
        (0x60   STD   std   Rx   Problem        FloatingPoint         Innocuous Unchanged []               [Store, Specification] "STORE (LONG)" "9")
        (0x67   MXD   mxd   Rx   Problem        ExtendedFloatingPoint Innocuous Unchanged []               [Fetch, Specification, ExponentOverflow, ExponentUnderflow] "MULTIPLY (LONG TO EXTENDED)" "9")
        (0x68   LD    ld    Rx   Problem        FloatingPoint         Innocuous Unchanged []               [Fetch, Specification] "LOAD (LONG)" "9")
        (0x69   CD    cd    Rx   Problem        FloatingPoint         Innocuous Compare [0,1,2]            [Fetch, Specification] "COMPARE (LONG)" "9")
        (0x6A   AD    ad    Rx   Problem        FloatingPoint         Innocuous Arithmetic [0,1,2]         [Fetch, Specification, ExponentOverflow, ExponentUnderflow, Significance] "ADD NORMALIZED (LONG)" "9")
        (0x6B   SD    sd    Rx   Problem        FloatingPoint         Innocuous Arithmetic [0,1,2]         [Fetch, Specification, ExponentOverflow, ExponentUnderflow, Significance] "SUBTRACT NORMALIZED (LONG)" "9")
        (0x6C   MD    md    Rx   Problem        FloatingPoint         Innocuous Unchanged []               [Fetch, Specification, ExponentOverflow, ExponentUnderflow] "MULTIPLY (LONG)" "9")
        (0x6D   DD    dd    Rx   Problem        FloatingPoint         Innocuous Unchanged []               [Fetch, Specification, ExponentOverflow, ExponentUnderflow, FloatingPointDivide] "DIVIDE (LONG)" "9")
        (0x6E   AW    aw    Rx   Problem        FloatingPoint         Innocuous Arithmetic [0,1,2]         [Fetch, Specification, ExponentOverflow, Significance] "ADD UNNORMALIZED (LONG)" "9")
        (0x6F   SW    sw    Rx   Problem        FloatingPoint         Innocuous Arithmetic [0,1,2]         [Fetch, Specification, ExponentOverflow, Significance] "SUBTRACT UNNORMALIZED (LONG)" "9")
        (0x70   STE   ste   Rx   Problem        FloatingPoint         Innocuous Unchanged []               [Store, Specification] "STORE (SHORT)" "9")
        (0x78   LE    le    Rx   Problem        FloatingPoint         Innocuous Unchanged []               [Fetch, Specification] "LOAD (SHORT)" "9")
        (0x79   CE    ce    Rx   Problem        FloatingPoint         Innocuous Compare [0,1,2]            [Fetch, Specification] "COMPARE (SHORT)" "9")
        (0x7A   AE    ae    Rx   Problem        FloatingPoint         Innocuous Arithmetic [0,1,2]         [Fetch, Specification, ExponentOverflow, ExponentUnderflow, Significance] "ADD NORMALIZED (SHORT)" "9")
        (0x7B   SE    se    Rx   Problem        FloatingPoint         Innocuous Arithmetic [0,1,2]         [Fetch, Specification, ExponentOverflow, ExponentUnderflow, Significance] "SUBTRACT NORMALIZED (SHORT)" "9")
        (0x7C   ME    me    Rx   Problem        FloatingPoint         Innocuous Unchanged []               [Fetch, Specification, ExponentOverflow, ExponentUnderflow] "MULTIPLY (SHORT TO LONG)" "9")
        (0x7D   DE    de    Rx   Problem        FloatingPoint         Innocuous Unchanged []               [Fetch, Specification, ExponentOverflow, ExponentUnderflow, FloatingPointDivide] "DIVIDE (SHORT)" "9")
        (0x7E   AU    au    Rx   Problem        FloatingPoint         Innocuous Arithmetic [0,1,2]         [Fetch, Specification, ExponentOverflow, Significance] "ADD UNNORMALIZED (SHORT)" "9")
        (0x7F   SU    su    Rx   Problem        FloatingPoint         Innocuous Arithmetic [0,1,2]         [Fetch, Specification, ExponentOverflow, Significance] "SUBTRACT UNNORMALIZED (SHORT)" "9")
        (0x80   SSM   ssm   SiS  Privileged     Base                  Control   Unchanged []               [Privileged, Fetch, SpecialOperation, Specification] "SET SYSTEM MASK" "10")
        (0x82   LPSW  lpsw  SiS  Privileged     Base                  Control   Loaded [0,1,2,3]           [Privileged, Fetch, Specification] "LOAD PSW" "10")
        (0x83   DIAG  diag  Rs   Privileged     Diagnose              Both      Defined [0,1,2,3]          [Privileged, Specification] "DIAGNOSE" "10")
        (0x84   WRD   wrd   Si   Privileged     DirectControl         Control   Unchanged []               [Privileged, Fetch] "WRITE DIRECT" "10")
        (0x85   RDD   rdd   Si   Privileged     DirectControl         Both      Unchanged []               [Privileged, Store] "READ DIRECT" "10")
        (0x86   BXH   bxh   Rs   Problem        Base                  Innocuous Unchanged []               [] "BRANCH ON INDEX HIGH" "7")
        (0x87   BXLE  bxle  Rs   Problem        Base                  Innocuous Unchanged []               [] "BRANCH ON INDEX LOW OR EQUAL" "7")
        (0x88   SRL   srl   RsS  Problem        Base                  Innocuous Unchanged []               [] "SHIFT RIGHT SINGLE LOGICAL" "7")
        (0x89   SLL   sll   RsS  Problem        Base                  Innocuous Unchanged []               [] "SHIFT LEFT SINGLE LOGICAL" "7")
        (0x8A   SRA   sra   RsS  Problem        Base                  Innocuous Arithmetic [0,1,2]         [] "SHIFT RIGHT SINGLE" "7")
        (0x8B   SLA   sla   RsS  Problem        Base                  Innocuous Arithmetic [0,1,2,3]       [FixedOverflow] "SHIFT LEFT SINGLE" "7")
        (0x8C   SRDL  srdl  RsS  Problem        Base                  Innocuous Unchanged []               [Specification] "SHIFT RIGHT DOUBLE LOGICAL" "7")
        (0x8D   SLDL  sldl  RsS  Problem        Base                  Innocuous Unchanged []               [Specification] "SHIFT LEFT DOUBLE LOGICAL" "7")
        (0x8E   SRDA  srda  RsS  Problem        Base                  Innocuous Arithmetic [0,1,2]         [Specification] "SHIFT RIGHT DOUBLE" "7")
        (0x8F   SLDA  slda  RsS  Problem        Base                  Innocuous Arithmetic [0,1,2,3]       [Specification, FixedOverflow] "SHIFT LEFT DOUBLE" "7")
        (0x90   STM   stm   Rs   Problem        Base                  Innocuous Unchanged []               [Store] "STORE MULTIPLE" "7")
        (0x91   TM    tm    Si   Problem        Base                  Innocuous Defined [0,1,3]            [Fetch] "TEST UNDER MASK" "7")
        (0x92   MVI   mvi   Si   Problem        Base                  Innocuous Unchanged []               [Store] "MOVE" "7")
        (0x93   TS    ts    SiS  Problem        Base                  Innocuous Defined [0,1]              [Fetch, Store] "TEST AND SET" "7")
        (0x94   NI    ni    Si   Problem        Base                  Innocuous Logical [0,1]              [Fetch, Store] "AND" "7")
        (0x95   CLI   cli   Si   Problem        Base                  Innocuous Compare [0,1,2]            [Fetch] "COMPARE LOGICAL" "7")
        (0x96   OI    oi    Si   Problem        Base                  Innocuous Logical [0,1]              [Fetch, Store] "OR" "7")
        (0x97   XI    xi    Si   Problem        Base                  Innocuous Logical [0,1]              [Fetch, Store] "EXCLUSIVE OR" "7")
        (0x98   LM    lm    Rs   Problem        Base                  Innocuous Unchanged []               [Fetch] "LOAD MULTIPLE" "7")
        (0x9C00 SIO   sio   S    Privileged     Base                  Both      Defined [0,1,2,3]          [Privileged] "START I/O" "12")
        (0x9C01 SIOF  siof  S    Privileged     ChannelIo             Both      Defined [0,1,2,3]          [Privileged] "START I/O FAST RELEASE" "12")
        (0x9D00 TIO   tio   S    Privileged     Base                  Both      Defined [0,1,2,3]          [Privileged] "TEST I/O" "12")
        (0x9D01 CLRIO clrio S    Privileged     ChannelIo             Both      Defined [0,1,2,3]          [Privileged] "CLEAR I/O" "12")
        (0x9E00 HIO   hio   S    Privileged     Base                  Both      Defined [0,1,2,3]          [Privileged] "HALT I/O" "12")
        (0x9E01 HDV   hdv   S    Privileged     ChannelIo             Both      Defined [0,1,2,3]          [Privileged] "HALT DEVICE" "12")
        (0x9F00 TCH   tch   S    Privileged     Base                  Behavior  Defined [0,1,2,3]          [Privileged] "TEST CHANNEL" "12")
        (0xAC   STNSM stnsm Si   Privileged     Translation           Both      Unchanged []               [Privileged, Store] "STORE THEN AND SYSTEM MASK" "10")
        (0xAD   STOSM stosm Si   Privileged     Translation           Both      Unchanged []               [Privileged, Store, Specification] "STORE THEN OR SYSTEM MASK" "10")
        (0xAE   SIGP  sigp  Rs   Privileged     Multiprocessing       Both      Defined [0,1,2,3]          [Privileged] "SIGNAL PROCESSOR" "10")
        (0xAF   MC    mc    Si   Problem        S370                  Behavior  Unchanged []               [Specification, MonitorEvent] "MONITOR CALL" "7")
        (0xB1   LRA   lra   Rx   Privileged     Translation           Behavior  Defined [0,1,2,3]          [Privileged, Addressing, TranslationSpecification] "LOAD REAL ADDRESS" "10")
        (0xB200 CONCS concs S    Privileged     ChannelSetSwitching   Both      Defined [0,1,3]            [Privileged] "CONNECT CHANNEL SET" "10")
        (0xB201 DISCS discs S    Privileged     ChannelSetSwitching   Both      Defined [0,1,3]            [Privileged] "DISCONNECT CHANNEL SET" "10")
        (0xB202 STIDP stidp S    Privileged     S370                  Behavior  Unchanged []               [Privileged, Store, Specification] "STORE CPU ID" "10")
        (0xB203 STIDC stidc S    Privileged     ChannelIo             Behavior  Defined [0,1,2,3]          [Privileged] "STORE CHANNEL ID" "12")
        (0xB204 SCK   sck   S    Privileged     S370                  Both      Defined [0,1,3]            [Privileged, Fetch, Specification] "SET CLOCK" "10")
        (0xB205 STCK  stck  S    Problem        S370                  Behavior  Defined [0,1,2,3]          [Store] "STORE CLOCK" "7")
        (0xB206 SCKC  sckc  S    Privileged     CpuTimer              Control   Unchanged []               [Privileged, Fetch, Specification] "SET CLOCK COMPARATOR" "10")
        (0xB207 STCKC stckc S    Privileged     CpuTimer              Behavior  Unchanged []               [Privileged, Store, Specification] "STORE CLOCK COMPARATOR" "10")
        (0xB208 SPT   spt   S    Privileged     CpuTimer              Control   Unchanged []               [Privileged, Fetch, Specification] "SET CPU TIMER" "10")
        (0xB209 STPT  stpt  S    Privileged     CpuTimer              Behavior  Unchanged []               [Privileged, Store, Specification] "STORE CPU TIMER" "10")
        (0xB20A SPKA  spka  S    Semiprivileged PswKeyHandling        Both      Unchanged []               [Privileged] "SET PSW KEY FROM ADDRESS" "10")
        (0xB20B IPK   ipk   S0   Semiprivileged PswKeyHandling        Behavior  Unchanged []               [Privileged] "INSERT PSW KEY" "10")
        (0xB20D PTLB  ptlb  S0   Privileged     Translation           Control   Unchanged []               [Privileged] "PURGE TLB" "10")
        (0xB210 SPX   spx   S    Privileged     Multiprocessing       Control   Unchanged []               [Privileged, Fetch, Specification, Addressing] "SET PREFIX" "10")
        (0xB211 STPX  stpx  S    Privileged     Multiprocessing       Behavior  Unchanged []               [Privileged, Store, Specification] "STORE PREFIX" "10")
        (0xB212 STAP  stap  S    Privileged     Multiprocessing       Behavior  Unchanged []               [Privileged, Store, Specification] "STORE CPU ADDRESS" "10")
        (0xB213 RRB   rrb   S    Privileged     Translation           Both      Defined [0,1,2,3]          [Privileged, Addressing, SpecialOperation] "RESET REFERENCE BIT" "10")
        (0xB218 PC    pc    S    Semiprivileged DualAddressSpace      Both      Unchanged []               [SpecialOperation, Privileged, Addressing, LxTranslation, ExTranslation, PcTranslationSpecification, AfxTranslation, AsxTranslation, AsnTranslationSpecification, SpaceSwitch] "PROGRAM CALL" "10")
        (0xB219 SAC   sac   S    Semiprivileged DualAddressSpace      Control   Unchanged []               [SpecialOperation, Specification] "SET ADDRESS SPACE CONTROL" "10")
        (0xB221 IPTE  ipte  Rre  Privileged     Extended              Both      Unchanged []               [Privileged, Fetch, Store, TranslationSpecification] "INVALIDATE PAGE TABLE ENTRY" "10")
        (0xB223 IVSK  ivsk  Rre  Semiprivileged DualAddressSpace      Behavior  Unchanged []               [SpecialOperation, Privileged, Fetch] "INSERT VIRTUAL STORAGE KEY" "10")
        (0xB224 IAC   iac   Rre1 Semiprivileged DualAddressSpace      Behavior  Defined [0,1]              [SpecialOperation, Privileged] "INSERT ADDRESS SPACE CONTROL" "10")
        (0xB225 SSAR  ssar  Rre1 Semiprivileged DualAddressSpace      Both      Unchanged []               [SpecialOperation, Addressing, AfxTranslation, AsxTranslation, AsnTranslationSpecification, SecondaryAuthority] "SET SECONDARY ASN" "10")
        (0xB226 EPAR  epar  Rre1 Semiprivileged DualAddressSpace      Behavior  Unchanged []               [SpecialOperation, Privileged] "EXTRACT PRIMARY ASN" "10")
        (0xB227 ESAR  esar  Rre1 Semiprivileged DualAddressSpace      Behavior  Unchanged []               [SpecialOperation, Privileged] "EXTRACT SECONDARY ASN" "10")
        (0xB228 PT    pt    Rre  Semiprivileged DualAddressSpace      Both      Unchanged []               [SpecialOperation, Privileged, Specification, Addressing, AfxTranslation, AsxTranslation, AsnTranslationSpecification, PrimaryAuthority, SpaceSwitch] "PROGRAM TRANSFER" "10")
        (0xB229 ISKE  iske  Rre  Privileged     StorageKey4k          Behavior  Unchanged []               [Privileged, Addressing] "INSERT STORAGE KEY EXTENDED" "10")
        (0xB22A RRBE  rrbe  Rre  Privileged     StorageKey4k          Both      Defined [0,1,2,3]          [Privileged, Addressing] "RESET REFERENCE BIT EXTENDED" "10")
        (0xB22B SSKE  sske  Rre  Privileged     StorageKey4k          Both      Unchanged []               [Privileged, Addressing] "SET STORAGE KEY EXTENDED" "10")
        (0xB22C TB    tb    Rre  Privileged     TestBlock             Both      Defined [0,1]              [Privileged, Store, Addressing] "TEST BLOCK" "10")
        (0xB6   STCTL stctl Rs   Privileged     S370                  Behavior  Unchanged []               [Privileged, Store, Specification] "STORE CONTROL" "10")
        (0xB7   LCTL  lctl  Rs   Privileged     S370                  Control   Unchanged []               [Privileged, Fetch, Specification] "LOAD CONTROL" "10")
        (0xBA   CS    cs    Rs   Problem        ConditionalSwapping   Innocuous Defined [0,1]              [Fetch, Store, Specification] "COMPARE AND SWAP" "7")
        (0xBB   CDS   cds   Rs   Problem        ConditionalSwapping   Innocuous Defined [0,1]              [Fetch, Store, Specification] "COMPARE DOUBLE AND SWAP" "7")
        (0xBD   CLM   clm   RsM  Problem        S370                  Innocuous Compare [0,1,2]            [Fetch] "COMPARE LOGICAL CHARACTERS UNDER MASK" "7")
        (0xBE   STCM  stcm  RsM  Problem        S370                  Innocuous Unchanged []               [Store] "STORE CHARACTERS UNDER MASK" "7")
        (0xBF   ICM   icm   RsM  Problem        S370                  Innocuous Defined [0,1,2]            [Fetch] "INSERT CHARACTERS UNDER MASK" "7")
        (0xD1   MVN   mvn   Ss   Problem        Base                  Innocuous Unchanged []               [Fetch, Store] "MOVE NUMERICS" "7")
        (0xD2   MVC   mvc   Ss   Problem        Base                  Innocuous Unchanged []               [Fetch, Store] "MOVE" "7")
        (0xD3   MVZ   mvz   Ss   Problem        Base                  Innocuous Unchanged []               [Fetch, Store] "MOVE ZONES" "7")
        (0xD4   NC    nc    Ss   Problem        Base                  Innocuous Logical [0,1]              [Fetch, Store] "AND" "7")
        (0xD5   CLC   clc   Ss   Problem        Base                  Innocuous Compare [0,1,2]            [Fetch] "COMPARE LOGICAL" "7")
        (0xD6   OC    oc    Ss   Problem        Base                  Innocuous Logical [0,1]              [Fetch, Store] "OR" "7")
        (0xD7   XC    xc    Ss   Problem        Base                  Innocuous Logical [0,1]              [Fetch, Store] "EXCLUSIVE OR" "7")
        (0xD9   MVCK  mvck  SsK  Semiprivileged DualAddressSpace      Behavior  Defined [0,3]              [Privileged, Fetch, Store] "MOVE WITH KEY" "10")
        (0xDA   MVCP  mvcp  SsK  Semiprivileged DualAddressSpace      Behavior  Defined [0,3]              [SpecialOperation, Privileged, Fetch, Store] "MOVE TO PRIMARY" "10")
        (0xDB   MVCS  mvcs  SsK  Semiprivileged DualAddressSpace      Behavior  Defined [0,3]              [SpecialOperation, Privileged, Fetch, Store] "MOVE TO SECONDARY" "10")
        (0xDC   TR    tr    Ss   Problem        Base                  Innocuous Unchanged []               [Fetch, Store] "TRANSLATE" "7")
        (0xDD   TRT   trt   Ss   Problem        Base                  Innocuous Defined [0,1,2]            [Fetch] "TRANSLATE AND TEST" "7")
        (0xDE   ED    ed    Ss   Problem        Decimal               Innocuous Arithmetic [0,1,2]         [Fetch, Store, Data] "EDIT" "8")
        (0xDF   EDMK  edmk  Ss   Problem        Decimal               Innocuous Arithmetic [0,1,2]         [Fetch, Store, Data] "EDIT AND MARK" "8")
        (0xE500 LASP  lasp  Sse  Privileged     DualAddressSpace      Both      Defined [0,1,2,3]          [Privileged, Fetch, Specification, SpecialOperation, Addressing, AsnTranslationSpecification] "LOAD ADDRESS SPACE PARAMETERS" "10")
        (0xE501 TPROT tprot Sse  Privileged     Extended              Behavior  Defined [0,1,2,3]          [Privileged, Addressing, TranslationSpecification] "TEST PROTECTION" "10")
        (0xE600 FREE  free  Sse  Privileged     EcpsVm                Behavior  Unchanged []               [Privileged] "OBTAIN FREE SPACE" "GA22-7072")
        (0xE601 FRET  fret  Sse  Privileged     EcpsVm                Behavior  Unchanged []               [Privileged] "RETURN FREE SPACE" "GA22-7072")
        (0xE602 LCKPG lckpg Sse  Privileged     EcpsVm                Behavior  Unchanged []               [Privileged] "LOCK PAGE" "GA22-7072")
        (0xE603 ULKPG ulkpg Sse  Privileged     EcpsVm                Behavior  Unchanged []               [Privileged] "UNLOCK PAGE" "GA22-7072")
        (0xE604 DNCCW dnccw Sse  Privileged     EcpsVm                Behavior  Unchanged []               [Privileged] "DECODE NEXT CCW" "GA22-7072")
        (0xE605 FCCWS fccws Sse  Privileged     EcpsVm                Behavior  Unchanged []               [Privileged] "FREE CCW STORAGE" "GA22-7072")
        (0xE606 SCNVU scnvu Sse  Privileged     EcpsVm                Behavior  Unchanged []               [Privileged] "LOCATE VIRTUAL I/O BLOCKS" "GA22-7072")
        (0xE607 DISP1 disp1 Sse  Privileged     EcpsVm                Both      Unchanged []               [Privileged] "DISPATCH 1" "GA22-7072")
        (0xE608 TRBRG trbrg Sse  Privileged     EcpsVm                Behavior  Unchanged []               [Privileged] "LOCATE AND TRANSLATE PAGE" "GA22-7072")
        (0xE609 TRLOK trlok Sse  Privileged     EcpsVm                Behavior  Unchanged []               [Privileged] "TRANSLATE AND LOCK PAGE" "GA22-7072")
        (0xE60A VIST  vist  Sse  Privileged     EcpsVm                Behavior  Unchanged []               [Privileged] "INVALIDATE SEGMENT TABLE" "GA22-7072")
        (0xE60B VIPT  vipt  Sse  Privileged     EcpsVm                Behavior  Unchanged []               [Privileged] "INVALIDATE PAGE TABLE" "GA22-7072")
        (0xE60C DFCCW dfccw Sse  Privileged     EcpsVm                Behavior  Unchanged []               [Privileged] "DECODE FIRST CCW" "GA22-7072")
        (0xE60D DISP0 disp0 Sse  Privileged     EcpsVm                Both      Unchanged []               [Privileged] "DISPATCH 0" "GA22-7072")
        (0xE60E SCNRU scnru Sse  Privileged     EcpsVm                Behavior  Defined [0,1,2,3]          [Privileged] "LOCATE REAL I/O BLOCKS" "GA22-7072")
        (0xE60F CCWGN ccwgn Sse  Privileged     EcpsVm                Behavior  Unchanged []               [Privileged] "GENERAL CCW PROCESSING" "GA22-7072")
        (0xE610 UXCCW uxccw Sse  Privileged     EcpsVm                Behavior  Unchanged []               [Privileged] "UNTRANSLATE CCW" "GA22-7072")
        (0xE611 DISP2 disp2 Sse  Privileged     EcpsVm                Both      Unchanged []               [Privileged] "DISPATCH 2" "GA22-7072")
        (0xE612 STEVL stevl Sse  Privileged     EcpsVm                Behavior  Unchanged []               [Privileged] "STORE ECPS LEVEL" "GA22-7072")
        (0xE613 LCSPG lcspg Sse  Privileged     EcpsVm                Behavior  Unchanged []               [Privileged] "LOCATE CHANGED SHARED PAGE" "GA22-7072")
        (0xE614 FREEX freex Sse  Privileged     EcpsVm                Behavior  Unchanged []               [Privileged] "OBTAIN FREE SPACE EXTENDED" "GA22-7072")
        (0xE615 FRETX fretx Sse  Privileged     EcpsVm                Behavior  Unchanged []               [Privileged] "RETURN FREE SPACE EXTENDED" "GA22-7072")
        (0xE616 PRFMA prfma Sse  Privileged     EcpsVm                Both      Unchanged []               [Privileged] "PREFERRED MACHINE ASSIST" "GA22-7072")
        (0xE8   MVCIN mvcin Ss   Problem        MoveInverse           Innocuous Unchanged []               [Fetch, Store] "MOVE INVERSE" "7")
        (0xF0   SRP   srp   SsI  Problem        Decimal               Innocuous Arithmetic [0,1,2,3]       [Fetch, Store, Data, DecimalOverflow] "SHIFT AND ROUND DECIMAL" "8")
        (0xF1   MVO   mvo   Ss2  Problem        Base                  Innocuous Unchanged []               [Fetch, Store] "MOVE WITH OFFSET" "7")
        (0xF2   PACK  pack  Ss2  Problem        Base                  Innocuous Unchanged []               [Fetch, Store] "PACK" "7")
        (0xF3   UNPK  unpk  Ss2  Problem        Base                  Innocuous Unchanged []               [Fetch, Store] "UNPACK" "7")
        (0xF8   ZAP   zap   Ss2  Problem        Decimal               Innocuous Arithmetic [0,1,2,3]       [Fetch, Store, Data, DecimalOverflow] "ZERO AND ADD" "8")
        (0xF9   CP    cp    Ss2  Problem        Decimal               Innocuous Compare [0,1,2]            [Fetch, Data] "COMPARE DECIMAL" "8")
        (0xFA   AP    ap    Ss2  Problem        Decimal               Innocuous Arithmetic [0,1,2,3]       [Fetch, Store, Data, DecimalOverflow] "ADD DECIMAL" "8")
        (0xFB   SP    sp    Ss2  Problem        Decimal               Innocuous Arithmetic [0,1,2,3]       [Fetch, Store, Data, DecimalOverflow] "SUBTRACT DECIMAL" "8")
        (0xFC   MP    mp    Ss2  Problem        Decimal               Innocuous Unchanged []               [Fetch, Store, Specification, Data] "MULTIPLY DECIMAL" "8")
        (0xFD   DP    dp    Ss2  Problem        Decimal               Innocuous Unchanged []               [Fetch, Store, Specification, Data, DecimalDivide] "DIVIDE DECIMAL" "8")
        }
    };
}

/// What the architecture allows in the problem state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Privilege {
    /// May be issued in either state.
    Problem,
    /// Privileged-operation exception in the problem state.
    Privileged,
    /// Depends on an authority in a control register, or on a mode.
    Semiprivileged,
}

/// Popek and Goldberg's classification ("Formal Requirements for Virtualizable Third Generation Architectures", 1974).
///
/// An instruction is *control-sensitive* when it can change the processor's mode or the resources a program has
/// (PSW other than the condition code, program mask and address; control registers, keys, timers, the clock, channels),
/// and *behavior-sensitive* when its result depends on them or on the real location of storage. That an exception is
/// possible makes no instruction sensitive, unless the same control registers forbid it in the problem state and not in
/// the supervisor state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Sensitivity {
    /// Neither: the same in a virtual machine as on the real one.
    Innocuous,
    /// Control-sensitive.
    Control,
    /// Behavior-sensitive.
    Behavior,
    /// Control-sensitive and behavior-sensitive.
    Both,
}

/// An installable part of the machine (GA22-7000-10, Appendix D).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum Facility {
    /// The commercial instruction set less the decimal instructions.
    Base,
    /// BAS and BASR.
    BranchAndSave,
    /// The general and control instructions that came with System/370 (MVCL, ICM, LCTL, STCK ...).
    S370,
    /// Decimal instructions.
    Decimal,
    /// Short and long hexadecimal floating point.
    FloatingPoint,
    /// Extended-precision floating point and rounding.
    ExtendedFloatingPoint,
    /// DIAGNOSE: model-dependent.
    Diagnose,
    /// READ DIRECT and WRITE DIRECT.
    DirectControl,
    /// Dynamic address translation, with LRA, PTLB, RRB, STNSM and STOSM.
    Translation,
    /// SIGP, prefixing and CPU addresses.
    Multiprocessing,
    /// CLRIO, HDV, SIOF and STIDC.
    ChannelIo,
    /// Connecting channel sets to processors.
    ChannelSetSwitching,
    /// The CPU timer and the clock comparator.
    CpuTimer,
    /// SPKA and IPK.
    PswKeyHandling,
    /// Address-space numbers, PC and PT, secondary space.
    DualAddressSpace,
    /// IPTE, TPROT, low-address protection, common segments.
    Extended,
    /// ISKE, RRBE and SSKE, and keys of 4K-byte blocks.
    StorageKey4k,
    /// TEST BLOCK.
    TestBlock,
    /// CS and CDS.
    ConditionalSwapping,
    /// The CP assist instructions, E6xx.
    EcpsVm,
    /// MVCIN.
    MoveInverse,
}

/// How an instruction sets the condition code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CodeRule {
    /// It does not.
    Unchanged,
    /// 0 zero, 1 less than zero, 2 greater than zero, 3 overflow.
    Arithmetic,
    /// 0 result zero, 1 not zero.
    Logical,
    /// 0 equal, 1 first operand low, 2 first operand high.
    Compare,
    /// 0 zero no carry, 1 not zero no carry, 2 zero with carry, 3 not zero with carry.
    AddLogical,
    /// 1 not zero no carry, 2 zero with carry, 3 not zero with carry.
    SubtractLogical,
    /// The code comes from an operand.
    Loaded,
    /// As the instruction's own description says.
    Defined,
}

/// The condition codes an instruction can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConditionCode {
    /// The kind of rule.
    pub rule: CodeRule,
    /// The values that can result, ascending; empty when unchanged.
    pub values: &'static [u8],
}

/// A kind of program interruption that an instruction can cause.
///
/// `Fetch` and `Store` stand for the access exceptions (protection, addressing, segment and page translation,
/// translation specification) of an operand that is fetched or stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each is the interruption of that name, see interruption::ProgramCode")]
pub enum Exception {
    Privileged,
    Execute,
    Fetch,
    Store,
    Addressing,
    TranslationSpecification,
    Specification,
    Data,
    FixedOverflow,
    FixedDivide,
    DecimalOverflow,
    DecimalDivide,
    ExponentOverflow,
    ExponentUnderflow,
    Significance,
    FloatingPointDivide,
    SpecialOperation,
    MonitorEvent,
    AsnTranslationSpecification,
    PcTranslationSpecification,
    AfxTranslation,
    AsxTranslation,
    LxTranslation,
    ExTranslation,
    PrimaryAuthority,
    SecondaryAuthority,
    SpaceSwitch,
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The operation.
    pub op: Op,
    /// Operation code: `0x1A`, or two bytes as in `0xB202`.
    pub code: u16,
    /// The assembler's mnemonic.
    pub mnemonic: &'static str,
    /// Operand format.
    pub format: Format,
    /// What the problem state may do with it.
    pub privilege: Privilege,
    /// The facility it belongs to.
    pub facility: Facility,
    /// Popek and Goldberg's class.
    pub sensitivity: Sensitivity,
    /// The condition codes it can set.
    pub condition_code: ConditionCode,
    /// The program interruptions its execution can cause.
    pub exceptions: &'static [Exception],
    /// The manual's name.
    pub name: &'static str,
    /// Chapter of GA22-7000-10, or another manual's number.
    pub chapter: &'static str,
}

impl Row {
    /// Whether the operation code fills two bytes.
    #[must_use]
    pub const fn is_two_level(&self) -> bool {
        self.code > 0xFF
    }

    /// The first byte of the instruction.
    #[must_use]
    pub const fn first_byte(&self) -> u8 {
        if self.is_two_level() { (self.code >> 8) as u8 } else { self.code as u8 }
    }
}

macro_rules! define_table {
    ($(($code:literal $mnemonic:ident $method:ident $format:ident $privilege:ident $facility:ident $sensitivity:ident
        $rule:ident [$($cc:literal),*] [$($exception:ident),*] $name:literal $chapter:literal))*) => {
        /// A System/370 operation; one variant a row of the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[repr(u8)]
        pub enum Op {
            $(#[doc = $name] $mnemonic,)*
        }

        /// All rows, in the order of their operation codes.
        pub const TABLE: &[Row] = &[
            $(Row {
                op: Op::$mnemonic,
                code: $code,
                mnemonic: stringify!($mnemonic),
                format: Format::$format,
                privilege: Privilege::$privilege,
                facility: Facility::$facility,
                sensitivity: Sensitivity::$sensitivity,
                condition_code: ConditionCode { rule: CodeRule::$rule, values: &[$($cc),*] },
                exceptions: &[$(Exception::$exception),*],
                name: $name,
                chapter: $chapter,
            },)*
        ];
    };
}
for_each_instruction!(define_table);

/// Marks an operation code to which no row answers.
const NONE: u8 = 0xFF;
/// The first bytes whose second byte is part of the operation code, in the order of [`SECOND`].
const PREFIXES: [u8; 7] = [0x9C, 0x9D, 0x9E, 0x9F, 0xB2, 0xE5, 0xE6];
/// In [`FIRST`], entries at and above this name a second-level table. 229 rows leave room for them.
const PREFIX_BASE: u8 = 0xF0;

/// Row number by first byte, or [`PREFIX_BASE`] + the number of a second-level table, or [`NONE`].
static FIRST: [u8; 256] = first_level();
/// Row number by second byte for each of [`PREFIXES`].
static SECOND: [[u8; 256]; 7] = second_level();

const fn prefix_number(byte: u8) -> Option<usize> {
    let mut i = 0;
    while i < PREFIXES.len() {
        if PREFIXES[i] == byte {
            return Some(i);
        }
        i += 1;
    }
    None
}

const fn first_level() -> [u8; 256] {
    let mut table = [NONE; 256];
    let mut row = 0;
    while row < TABLE.len() {
        let byte = TABLE[row].first_byte();
        if TABLE[row].is_two_level() {
            match prefix_number(byte) {
                Some(n) => table[byte as usize] = PREFIX_BASE + n as u8,
                None => panic!("a two-level operation code whose first byte is not among PREFIXES"),
            }
        } else {
            assert!(table[byte as usize] == NONE, "two rows answer to one operation code");
            table[byte as usize] = row as u8;
        }
        row += 1;
    }
    table
}

const fn second_level() -> [[u8; 256]; 7] {
    let mut tables = [[NONE; 256]; 7];
    let mut row = 0;
    while row < TABLE.len() {
        if let (true, Some(n)) = (TABLE[row].is_two_level(), prefix_number(TABLE[row].first_byte())) {
            let second = (TABLE[row].code & 0xFF) as u8;
            if PREFIXES[n] < 0xA0 {
                // SIO and its like: bits 8-14 of the instruction are ignored (GA22-7000-10, chapter 12).
                let mut high = 0;
                while high < 256 {
                    tables[n][high | second as usize] = row as u8;
                    high += 2;
                }
            } else {
                assert!(tables[n][second as usize] == NONE, "two rows answer to one operation code");
                tables[n][second as usize] = row as u8;
            }
        }
        row += 1;
    }
    tables
}

impl Op {
    /// The operation that the first halfword of an instruction names, or `None` for an operation exception.
    #[must_use]
    pub fn decode(halfword: u16) -> Option<Op> {
        let first = FIRST[(halfword >> 8) as usize];
        let row = if first >= PREFIX_BASE && first != NONE {
            SECOND[(first - PREFIX_BASE) as usize][(halfword & 0xFF) as usize]
        } else {
            first
        };
        TABLE.get(row as usize).map(|row| row.op)
    }

    /// The operation with this mnemonic (upper case).
    #[must_use]
    pub fn from_mnemonic(mnemonic: &str) -> Option<Op> {
        TABLE.iter().find(|row| row.mnemonic == mnemonic).map(|row| row.op)
    }

    /// This operation's row.
    #[must_use]
    pub const fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }
}

/// Length in bytes of the instruction that begins with this byte: 2, 4 or 6 (GA22-7000-10, chapter 5,
/// "Instruction Formats"). It is defined for invalid operation codes too.
#[must_use]
pub const fn instruction_length(first_byte: u8) -> u8 {
    match first_byte >> 6 {
        0 => 2,
        3 => 6,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_by_its_code_and_mnemonic() {
        for row in TABLE {
            let halfword = if row.is_two_level() { row.code } else { row.code << 8 };
            assert_eq!(Op::decode(halfword), Some(row.op), "{}", row.mnemonic);
            assert_eq!(Op::from_mnemonic(row.mnemonic), Some(row.op));
            assert_eq!(row.op.row().code, row.code);
        }
    }

    #[test]
    fn start_io_ignores_bits_8_to_14() {
        assert_eq!(Op::decode(0x9CFE), Some(Op::SIO));
        assert_eq!(Op::decode(0x9CFF), Some(Op::SIOF));
        assert_eq!(Op::decode(0xB2FF), None);
    }
}
