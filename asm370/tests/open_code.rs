//! Open code: whole small programs.

use asm370::{Assembly, NoLibrary, Options, Source, assemble, link};

fn run(text: &str) -> Assembly {
    assemble(&Source::new("test", text), &Options::default(), &NoLibrary)
}

fn hex(text: &str) -> String {
    let assembly = run(text);
    assert!(assembly.severity.0 == 0, "{}", assembly.diagnostics.iter().map(|d| format!("{d}\n")).collect::<String>());
    let image = link(&[assembly.object.unwrap()], 0).unwrap();
    image.bytes.iter().map(|b| format!("{b:02X}")).collect()
}

#[test]
fn literals_are_pooled_and_ordered_by_size() {
    let text = "\
P        CSECT
         USING P,12
         L     1,=F'1'
         MVC   0(3,2),=C'ABC'
         LH    3,=H'2'
         L     4,=F'1'
         LD    0,=D'1'
         L     5,=A(P+4)
         LTORG
         DC    C'Z'
         L     1,=F'1'
         END
";
    let expected = "5810C028D2022000C032\
                    4830C0305840C0286800C0205850C02C\
                    000000000000\
                    41100000000000000000000100000004\
                    0002C1C2C3E90000\
                    ";
    let got = hex(text);
    assert_eq!(&got[..expected.len() - 4], &expected[..expected.len() - 4]);
    assert_eq!(&got[got.len() - 8..], "00000001");
}

#[test]
fn using_takes_the_smallest_displacement() {
    let text = "\
P        CSECT
         USING P,10,11
         USING Q,9
         L     1,R
         L     1,Q-4
         USING Q,12
         L     1,Q
         DROP  9,12
         L     1,Q
         LA    1,4095
         LA    1,4(2)
         USING D,8
         L     2,F2
         B     *+4
         BNZ   Q
         NOPR  0
         ORG   P+4096
Q        DC    F'0'
R        DC    A(*,Q-P)
D        DSECT
F1       DS    F
F2       DS    F
         END
";
    let got = hex(text);
    assert!(got.starts_with("5810B0045810AFFC5810C0005810B00041100FFF411200045820800447F0A0204770B0000700"), "{got}");
    assert!(got.ends_with("000000000000100400001000"), "{got}");
}

#[test]
fn every_error_of_a_run_is_reported_with_its_place() {
    let text = "\
P        CSECT
         L     16,0
         FOO   1
         L     1,X
P        DC    F'1'
         DC    Q'1'
         END
";
    let assembly = run(text);
    assert_eq!(assembly.severity.0, 8);
    assert!(assembly.object.is_none());
    let mut places: Vec<(u32, u32)> = assembly.diagnostics.iter().map(|d| (d.line, d.column)).collect();
    places.sort_unstable();
    assert_eq!(places.iter().map(|p| p.0).collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
    assert_eq!(places[0], (2, 16));
    assert_eq!(places[1], (3, 10));
    assert_eq!(places[2], (4, 18));
    assert_eq!(places[3], (5, 1));
}

#[test]
fn continuation_and_sequence_columns() {
    let text = format!(
        "{:<71}X00000010\n{:<15}{}\n{:<72}00000030\n         END\n",
        "P        DC    C'ABC", "", "DEF'", "         DC    X'01'   REMARK"
    );
    let blanks = "40".repeat(51);
    assert_eq!(hex(&text), format!("C1C2C3{blanks}C4C5C601"));
}

#[test]
fn late_equates_and_lengths() {
    let text = "\
P        CSECT
         USING P,15
         MVC   A,B
         MVC   A(L'B),B
         XC    A(E),A
         LA    E,L'A
A        DS    CL5
B        DC    CL7'X'
E        EQU   F+1
F        EQU   2
         END
";
    assert!(hex(text).starts_with("D204F016F01BD206F016F01BD702F016F01641300005"));
}

#[test]
fn objects_are_linked() {
    let a = "MAIN     CSECT\n         USING MAIN,15\n         L     15,=V(SUB)\n         DC    A(MAIN+2)\n         WXTRN MAYBE\n         DC    A(MAYBE)\n         END   MAIN\n";
    let b =
        "SUB0     CSECT\n         DC    F'7'\n         ENTRY SUB\nSUB      DC    A(SUB,SUB0-4),Y(SUB)\n         END\n";
    let assembled = |text: &str| run(text).object.unwrap();
    let image = link(&[assembled(a), assembled(b)], 0x2000).unwrap();
    assert_eq!(image.address("SUB"), Some(0x201C));
    assert_eq!(image.entry, 0x2000);
    let word = |at: usize| u32::from_be_bytes(image.bytes[at - 0x2000..at - 0x2000 + 4].try_into().unwrap());
    assert_eq!(word(0x2004), 0x2002);
    assert_eq!(word(0x2008), 0);
    assert_eq!(word(0x2010), 0x201C);
    assert_eq!(word(0x201C), 0x201C);
    assert_eq!(word(0x2020), 0x2014);
    assert_eq!(image.bytes[0x24..0x26], [0x20, 0x1C]);
}

#[test]
fn limits_are_reached_with_a_message() {
    let message = |text: &str| {
        let assembly =
            assemble(&Source::new("test", text), &Options { listing: false, ..Options::default() }, &NoLibrary);
        assert!(assembly.object.is_none());
        assembly.diagnostics[0].message.clone()
    };
    let mut externals = String::from("P        CSECT\n");
    for n in 0..66_000 {
        externals.push_str(&format!("         EXTRN X{n}\n"));
    }
    assert_eq!(message(&(externals + "         END\n")), "there are more than 65535 external symbols");
    let mut sections = String::new();
    for n in 0..300 {
        sections.push_str(&format!("S{n:<7} CSECT\n         DS    16000000X\n"));
    }
    assert_eq!(message(&(sections + "         END\n")), "the control sections together exceed 16 megabytes");
    let mut back = String::from("P        CSECT\n");
    for _ in 0..10 {
        back.push_str("         DC    16000000X'00'\n         ORG   P\n");
    }
    assert_eq!(message(&(back + "         END\n")), "the text of the assembly exceeds 64 megabytes");
    let huge = format!("P        CSECT\n         DC    {}\n         END\n", ["16777215CL65535'X'"; 3].join(","));
    assert_eq!(message(&huge), "the location counter exceeds FFFFFF");
}
