//! Golden listings. `ASM370_BLESS=1` writes them anew.

use std::path::Path;

use asm370::{Members, Options, Source, assemble};

/// Our own macro that generates what IBM's did in the OS/VS1 job.
const WTO: &str = "
         MACRO
&NAME    WTO   &TEXT,&MF=
         LCLA  &LENGTH
         AIF   ('&MF' EQ 'L').LIST
         LA    1,&MF(2)                       LOAD PARAMETER REG 1
         SVC   35                                ISSUE SVC
         MEXIT
.LIST    ANOP
&LENGTH  SETA  K'&TEXT+2
&NAME    DS    0F
         DC    AL2(&LENGTH)             TEXT LENGTH
         DC    B'0000000000000000' MCS FLAGS
         DC    C&TEXT
         MEND
";

fn listing(name: &str) -> String {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/listings");
    let text = std::fs::read_to_string(directory.join(format!("{name}.asm"))).unwrap();
    let mut library = Members::new();
    library.insert("REGS", "R0       EQU   0\nR12      EQU   12                 BASE\n");
    library.insert("WTO", WTO.trim_start_matches('\n'));
    let options = Options { page_length: 50, ..Options::default() };
    let listing = assemble(&Source::new(format!("{name}.asm"), text), &options, &library).listing;
    let golden = directory.join(format!("{name}.lst"));
    if std::env::var_os("ASM370_BLESS").is_some() {
        std::fs::write(&golden, &listing).unwrap();
    }
    assert_eq!(listing, std::fs::read_to_string(&golden).unwrap(), "{name}: ASM370_BLESS=1 accepts the change");
    listing
}

#[test]
fn every_part_of_a_listing() {
    listing("parts");
}

#[test]
fn errors_in_place_and_collected() {
    listing("errors");
}

/// IBM's assembler listed this program in the OS/VS1 job; columns 1 to 72 of each line are the same.
#[test]
fn the_vs1_job_is_listed_as_ibm_did() {
    let listing = listing("vs1job");
    let ibm = "\
000000                                1 TEST     CSECT
000000 05C0                           2          BALR  12,0
                            00002     3          USING *,12
000002 18AE                           4          LR    10,14
000004 9823 C022      00024           5          LM    2,3,NUMS
000008 1C22                           6          MR    2,2
00000A 4E30 C02E      00030           7          CVD   3,DW
00000E 960F C035      00037           8          OI    DW+7,15
000012 F377 C047 C02E 00049 00030     9          UNPK  MSG+17(8),DW
                                     10          WTO   MF=(E,MSG)
000018 4110 C036      00038          11+         LA    1,MSG                             LOAD PARAMETER REG 1
00001C 0A23                          12+         SVC   35                                ISSUE SVC
00001E 18EA                          13          LR    14,10
000020 1BFF                          14          SR    15,15
000022 07FE                          15          BR    14
000024 000004D20000162E              16 NUMS     DC    F'1234,5678'
000030                               17 DW       DS    D
                                     18 MSG      WTO   'PRODUCT IS  XXXXXXXX',MF=L
000038                               19+MSG      DS    0F
000038 0018                          20+         DC    AL2(24)             TEXT LENGTH
00003A 0000                          21+         DC    B'0000000000000000' MCS FLAGS
00003C D7D9D6C4E4C3E340              22+         DC    C'PRODUCT IS  XXXXXXXX'
000000                               23          END   TEST
DW       00008 00000030 00017  00007 00008 00009
MSG      00004 00000038 00019  00009 00011
NUMS     00004 00000024 00016  00005
TEST     00001 00000000 00001  00023
TEST      SD  0001 000000 000050
";
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let ours: Vec<String> = listing.lines().map(words).collect();
    for line in ibm.lines() {
        assert!(ours.contains(&words(line)), "IBM has {line:?}");
    }
}
