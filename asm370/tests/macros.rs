//! Macros and conditional assembly.

use asm370::{Assembly, Members, Options, Source, assemble, link};

fn library() -> Members {
    let mut library = Members::new();
    library.insert("DOUBLE", "         MACRO\n&L       DOUBLE &R\n&L       AR    &R,&R\n         MEND\n");
    library.insert("EQUATES", "R0       EQU   0\nR1       EQU   1\n");
    library.insert("BODY", "         DC    AL1(&N)\n");
    library
}

fn run(text: &str) -> Assembly {
    let text = text.trim_start_matches('\n');
    assemble(&Source::new("test", text), &Options { sysparm: "PARM".into(), ..Options::default() }, &library())
}

/// Assembles; returns the image in hexadecimal.
fn hex(text: &str) -> String {
    let assembly = run(text);
    let messages: String = assembly.diagnostics.iter().map(|d| format!("{d}\n")).collect();
    assert!(assembly.severity.0 == 0, "{messages}");
    let image = link(&[assembly.object.unwrap()], 0).unwrap();
    image.bytes.iter().map(|b| format!("{b:02X}")).collect()
}

/// Assembles the lines of a macro body called with operands; each DC shows what came of it.
fn expand(prototype: &str, body: &str, call: &str) -> String {
    let (body, call) = (body.trim_start_matches('\n'), call.trim_start_matches('\n'));
    hex(&format!("         MACRO\n{prototype}\n{body}         MEND\nP        CSECT\n{call}         END\n"))
}

fn chars(text: &str) -> String {
    let code = |c: char| match c {
        'A'..='I' => 0xC1 + (c as u8 - b'A'),
        'J'..='R' => 0xD1 + (c as u8 - b'J'),
        'S'..='Z' => 0xE2 + (c as u8 - b'S'),
        '0'..='9' => 0xF0 + (c as u8 - b'0'),
        '(' => 0x4D,
        ')' => 0x5D,
        ',' => 0x6B,
        '.' => 0x4B,
        '+' => 0x4E,
        '\'' => 0x7D,
        '&' => 0x50,
        '/' => 0x61,
        '=' => 0x7E,
        '$' => 0x5B,
        _ => 0x40,
    };
    text.chars().map(|c| format!("{:02X}", code(c))).collect()
}

#[test]
fn positional_and_keyword_parameters() {
    let got = expand(
        "&L       M     &A,&B,&K=DEF,&N=",
        "&L       DC    C'&A.&B.&K.X&N'\n",
        "X        M     1,2\n         M     ,B,K=(P,Q),N=N\n         DC    AL1(X-P)\n",
    );
    assert_eq!(got, chars("12DEFX") + &chars("B(P,Q)XN") + "00");
}

#[test]
fn sublists_and_number_attributes() {
    let body = "
         DC    C'&A(2)&A(1)'
         DC    AL1(N'&A,N'&SYSLIST,N'&SYSLIST(2),K'&A)
         DC    C'&SYSLIST(2,3)&SYSLIST(3)'
         DC    C'&A(4)X'
";
    // Attributes other than L' exist in conditional assembly only: SETA makes numbers of them.
    let body = body.replace(
        "         DC    AL1(N'&A,N'&SYSLIST,N'&SYSLIST(2),K'&A)\n",
        "
         LCLA  &X(4)
&X(1)    SETA  N'&A
&X(2)    SETA  N'&SYSLIST
&X(3)    SETA  N'&SYSLIST(2)
&X(4)    SETA  K'&A
         DC    AL1(&X(1),&X(2),&X(3),&X(4))
",
    );
    let got = expand("         M     &A", &body, "         M     (A,BC,D),(X,Y,Z),Q\n");
    assert_eq!(got, chars("BCA") + "03030308" + &chars("ZQ") + &chars("X"));
}

#[test]
fn arithmetic_expressions() {
    let case = |expression: &str| {
        let body = format!("         LCLA  &V\n&V       SETA  {expression}\n         DC    F'&V'\n");
        u32::from_str_radix(&expand("         M     &A,&B", &body, "         M     7,X'10'\n")[..8], 16).unwrap()
    };
    assert_eq!(case("2+3*4"), 14);
    assert_eq!(case("(2+3)*4"), 20);
    assert_eq!(case("7/2"), 3);
    assert_eq!(case("7/0"), 0);
    assert_eq!(case("&A*&B"), 112);
    assert_eq!(case("-&A+10"), 3);
    assert_eq!(case("C'A'"), 0xC1);
    assert_eq!(case("X'FF'-B'1'"), 254);
    assert_eq!(case("K'&B"), 5);
    // The sign of a number is lost when it becomes characters.
    assert_eq!(case("3-5"), 2);
}

#[test]
fn character_expressions() {
    let case = |expression: &str| {
        let body = format!(
            "         LCLC  &V\n         LCLA  &N\n&N       SETA  2\n&V       SETC  {expression}\n         DC    C'&V.X'\n"
        );
        let got = expand("         M     &A", &body, "L1       M     ABCDE\n");
        got[..got.len() - 2].to_string()
    };
    assert_eq!(case("'&A'(2,3)"), chars("BCD"));
    assert_eq!(case("'&A'(4,9)"), chars("DE"));
    assert_eq!(case("'&A'(&N,1).'Q'"), chars("BQ"));
    assert_eq!(case("'&A'(6,2).'Q'"), chars("Q"));
    assert_eq!(case("'X'.'Y'"), chars("XY"));
    assert_eq!(case("'&A.Z'"), chars("ABCDEZ"));
    assert_eq!(case("'A.&N'"), chars("A.2"));
}

#[test]
fn doubled_apostrophes_and_ampersands() {
    let body = "
         LCLC  &V
&V       SETC  'L''P'
         DC    AL1(&V)
&V       SETC  'A&&B'
         DC    C'&V'
         DC    C'&&&A'
";
    assert_eq!(expand("         M     &A", body, "         M     Z\n"), "01".to_string() + &chars("A&B&Z"));
}

#[test]
fn branches_loops_and_logical_expressions() {
    let body = "
         LCLA  &I
.LOOP    ANOP
&I       SETA  &I+1
         AIF   (&I GT &N).DONE
         AIF   (&I EQ 2 OR (&I GE 4 AND NOT &I EQ 5)).SKIP
         DC    AL1(&I)
.SKIP    AGO   .LOOP
.DONE    AIF   ('&N' EQ '6' AND T'&N EQ 'N').END
         DC    X'FF'
.END     MEND
";
    let text = format!("         MACRO\n         M     &N{body}P        CSECT\n         M     6\n         END\n");
    assert_eq!(hex(&text), "010305");
}

#[test]
fn strings_compare_by_length_first() {
    let case = |relation: &str| {
        let body =
            format!("         AIF   ({relation}).YES\n         DC    X'00'\n         MEXIT\n.YES     DC    X'01'\n");
        expand("         M", &body, "         M\n") == "01"
    };
    assert!(case("'Z' LT 'AA'"));
    assert!(case("'A' LT '1'"));
    assert!(case("'AB' NE 'AC'"));
    assert!(case("NOT ('A' EQ 'B')"));
    assert!(!case("'A' GT 'B' OR 1 EQ 2"));
    assert!(case("(1 EQ 1)AND(2 EQ 2)"));
    assert!(case("((1+1)*2 EQ 4)"));
}

#[test]
fn type_attributes_look_ahead() {
    let body = "         LCLC  &T\n&T       SETC  T'&A\n         DC    C'&T'\n";
    let calls = "
         M     F1
         M     INS
         M     F2
         M     12
         M     X'1F'
         M     NOWHERE
         M
         M     P
         M     ADDR
         M     HERE
         M     EXT
         WXTRN EXT
HERE     M     HERE+1
F1       DC    F'1'
F2       DC    FL3'1'
INS      LR    1,2
ADDR     DC    A(P)
";
    assert_eq!(expand("         M     &A", body, calls)[..24], chars("FIGNNUOJAM$U")[..24]);
}

#[test]
fn length_scale_and_integer_attributes() {
    let body = "         LCLA  &V\n&V       SETA  L'&A*100+S'&A*10+I'&A\n         DC    H'&V'\n";
    let calls = "         M     P1\n         M     F1\n         DC    AL1(0)\nP1       DC    P'12.345'\nF1       DC    FS3'1'\n";
    assert_eq!(expand("         M     &A", body, calls)[..8], format!("{:04X}{:04X}", 332, 458));
}

#[test]
fn set_symbols_are_local_or_global() {
    let text = "
         MACRO
         M
         GBLA  &G
         LCLA  &L
         GBLC  &A(3)
&G       SETA  &G+1
&L       SETA  &L+1
&A(&G)   SETC  'G&G'
         DC    AL1(&G,&L)
         MEND
         GBLA  &G
         GBLC  &A(3)
         GBLB  &B
P        CSECT
         M
         M
&B       SETB  (&G EQ 2)
         DC    AL1(&G,&B),C'&A(1)&A(2)&A(3).'
         END
";
    assert_eq!(hex(text), "010102010201".to_string() + &chars("G1G2"));
}

#[test]
fn system_variables() {
    let text = "
         MACRO
         INNER
         DC    C'&SYSNDX&SYSECT'
         MEND
         MACRO
&N       OUTER
         DC    C'&SYSNDX&SYSECT'
D        DSECT
         INNER
&SYSECT  CSECT
         DC    C'&SYSPARM&SYSDATE&SYSTIME'
         MEND
P        CSECT
         OUTER
         INNER
         END
";
    let expected = "0001P".to_string() + "PARM01/01/7000.00" + "0003P";
    assert_eq!(hex(text), chars(&expected));
}

#[test]
fn inner_macros_and_definitions() {
    let text = "
         MACRO
         OUTER &X,&Y
         MACRO
         INNER &Z
         DC    C'&Z'
         MEND
         INNER &X
         INNER (&X,&Y)
         TWO   &Y
         MEND
         MACRO
         TWO   &A,&B
         DC    C'/&A/&B/'
         MEND
P        CSECT
         OUTER A,B
         INNER Q
         END
";
    let got = hex(text);
    assert_eq!(got, chars("A(A,B)/B//Q"));
}

#[test]
fn a_comma_in_a_value_does_not_separate_operands() {
    let text = "
         MACRO
         INNER &A,&B
         LCLA  &N
&N       SETA  N'&SYSLIST
         DC    AL1(&N),C'&A'
         MEND
         MACRO
         OUTER
         LCLC  &L
&L       SETC  'X,Y'
         INNER &L
         INNER (&L)
         MEND
P        CSECT
         OUTER
         END
";
    assert_eq!(hex(text), "01".to_string() + &chars("X,Y") + "01" + &chars("(X,Y)"));
}

#[test]
fn libraries_and_copy() {
    let text = "
         COPY  EQUATES
         MACRO
         M     &N
         COPY  BODY
         MEND
P        CSECT
HERE     DOUBLE 5
         M     R1+6
         END
";
    assert_eq!(hex(text), "1A5507");
}

#[test]
fn alternate_continuation_of_calls() {
    let text = format!(
        "         MACRO\n         M     &A,&B=\n         DC    C'&A&B'\n         MEND\nP        CSECT\n{:<71}X\n{:<15}{}\n         END\n",
        "         M     Q,                 FIRST", "", "B=R                SECOND"
    );
    assert_eq!(hex(&text), chars("QR"));
}

#[test]
fn conditional_assembly_in_open_code() {
    let text = "
         LCLA  &I
P        CSECT
.AGAIN   ANOP
&I       SETA  &I+1
         DC    AL1(&I)
         AIF   (&I LT 3).AGAIN
         AGO   .OUT
         DC    X'FF'
         AGO   .AGAIN
.OUT     DC    C'&I'
V&I      EQU   9
         DC    AL1(V3)
         END
";
    assert_eq!(hex(text), "010203F309");
}

#[test]
fn open_code_branches_back_into_what_was_skipped() {
    let text = "
         LCLA  &I
P        CSECT
         AGO   .LATER
.SKIPPED DC    X'02'
         AGO   .END
.LATER   DC    X'01'
         AGO   .SKIPPED
.END     DC    X'03'
         END
";
    assert_eq!(hex(text), "010203");
}

#[test]
fn operation_synonyms() {
    let text = "
PLUS     OPSYN AR
BRANCH   OPSYN B
MYDC     OPSYN DC
LR       OPSYN
P        CSECT
         USING P,12
         PLUS  1,2
         BRANCH P
         MYDC  H'1'
         END
";
    assert_eq!(hex(text), "1A1247F0C0000001");
    assert_eq!(run(&text.replace("PLUS  1,2", "LR    1,2")).severity.0, 8);
}

fn messages(text: &str) -> Vec<String> {
    run(text).diagnostics.iter().map(ToString::to_string).collect()
}

#[test]
fn notes_have_their_severity() {
    let text = "
         MACRO
         M     &S
         MNOTE &S,'VALUE IS &S'
         MNOTE *,'COMMENT'
         MEND
P        CSECT
         M     4
         M     12
         END
";
    let assembly = run(text);
    assert_eq!(assembly.severity.0, 12);
    let severities: Vec<u8> = assembly.diagnostics.iter().map(|d| d.severity.0).collect();
    assert_eq!(severities, [4, 12]);
    assert_eq!(assembly.diagnostics[1].message, "VALUE IS 12");
    assert_eq!(assembly.diagnostics[1].calls[0].line, 8);
}

#[test]
fn errors_in_macros_show_the_chain_of_calls() {
    let text = "
         MACRO
         INNER &R
         LR    &R,1
         MEND
         MACRO
         OUTER &R
         INNER &R
         MEND
P        CSECT
         OUTER 17
         END
";
    let assembly = run(text);
    assert_eq!(assembly.diagnostics.len(), 1);
    let diagnostic = &assembly.diagnostics[0];
    assert_eq!((diagnostic.line, diagnostic.statement), (3, Some(11)));
    let calls: Vec<(&str, u32)> = diagnostic.calls.iter().map(|c| (c.name.as_str(), c.line)).collect();
    assert_eq!(calls, [("INNER", 7), ("OUTER", 10)]);
}

#[test]
fn endless_loops_and_recursion_end_with_a_message() {
    let looping = "         MACRO\n         M\n.A       AGO   .A\n         MEND\nP        CSECT\n         M\n         DC    X'01'\n         END\n";
    assert!(messages(looping)[0].contains("ACTR"), "{:?}", messages(looping));
    let open = "P        CSECT\n.A       AGO   .A\n         END\n";
    assert!(messages(open)[0].contains("ACTR"));
    let recursive = "         MACRO\n         M\n         M\n         MEND\nP        CSECT\n         M\n         END\n";
    assert!(messages(recursive)[0].contains("nest"));
    let doubling =
        "         MACRO\n         M\n         M\n         M\n         MEND\nP        CSECT\n         M\n         END\n";
    let options = Options { statement_limit: 10_000, ..Options::default() };
    let assembly = assemble(&Source::new("test", doubling), &options, &library());
    assert_eq!(assembly.severity.0, 12);
    assert!(assembly.diagnostics.iter().any(|d| d.message.contains("abandoned")));
}

#[test]
fn actr_bounds_each_expansion() {
    let text = "         MACRO\n         M\n         LCLA  &I\n         ACTR  3\n.A       AIF   (&I EQ 4).B\n&I       SETA  &I+1\n         AGO   .A\n.B       MEND\nP        CSECT\n         M\n         END\n";
    assert!(messages(text)[0].contains("ACTR"));
    assert!(messages(&text.replace("ACTR  3", "ACTR  5")).is_empty());
}

#[test]
fn what_is_wrong_is_said() {
    let case = |body: &str| {
        let text = format!(
            "         MACRO\n         M     &A\n{body}         MEND\nP        CSECT\n         M     ABC\n         END\n"
        );
        messages(&text).first().cloned().unwrap_or_default()
    };
    assert!(case("&X       SETA  1\n").contains("&X is not declared"));
    assert!(case("         LCLA  &X\n&X       SETC  'A'\n").contains("&X is a SETA symbol"));
    assert!(case("         LCLA  &X\n&X       SETA  &A\n").contains("'ABC' is not a number"));
    assert!(case("         AGO   .NONE\n").contains(".NONE is not defined"));
    assert!(case("         DC    C'&NONE'\n").contains("&NONE is not declared"));
    assert!(case("         LCLA  &X(2)\n&X(3)    SETA  1\n").contains("from 1 to 2, not 3"));
    assert!(case("         LCLC  &X\n&X       SETC  '&A'(0,1)\n").contains("outside of a string"));
    assert!(case("         AIF   (&A EQ 1.X\n.X       ANOP\n").contains("not a number"));
    assert!(messages("         MACRO\n         M\n         END\n")[0].contains("no MEND"));
    assert!(messages("P        CSECT\n         DOUBLE 1,X=2\n         END\n")[0].contains("no keyword parameter X"));
    assert!(messages("P        CSECT\n         COPY  NONE\n         END\n")[0].contains("no member NONE"));
}

#[test]
fn sequence_checking() {
    let line = |text: &str, number: u32| format!("{text:<72}{number:08}\n");
    let text = line("         ISEQ  73,80", 0)
        + &line("P        CSECT", 1)
        + &line("         DC    X'1'", 3)
        + &line("         DC    X'1'", 2)
        + "         ISEQ\n         END\n";
    let found = messages(&text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("out of sequence"));
}

#[test]
fn other_columns() {
    let text = "         ICTL  25\n                         DC    X'01'\n                         END\n";
    assert_eq!(hex(text), "01");
    // Library members keep the standard columns.
    let text = "         ICTL  25\n                         COPY  EQUATES\n                        P CSECT\n                         DOUBLE R1\n                         END\n";
    assert_eq!(hex(text), "1A11");
}

#[test]
fn lower_case_and_long_lines_only_when_asked_for() {
    let text = "p        csect\n         dc    c'aB'     ".to_string()
        + &"remark ".repeat(20)
        + "\n         lr    r1,r\\\n           1\nr1       equ   1\n         end\n";
    assert_eq!(run(&text).severity.0, 8);
    let options = Options { fold_case: true, long_lines: true, ..Options::default() };
    let assembly = assemble(&Source::new("test", text), &options, &library());
    assert_eq!(assembly.severity.0, 0, "{}", assembly.diagnostics[0]);
    let image = link(&[assembly.object.unwrap()], 0).unwrap();
    assert_eq!(image.bytes, [0x81, 0xC2, 0x18, 0x11]);
}

#[test]
fn cards_in_front_of_the_deck() {
    let text = "P        CSECT\n         PUNCH ' ENTRY P && Q'\n         REPRO\n ANY RECORD AT ALL\n         END\n";
    let cards = run(text).object.unwrap().control;
    assert_eq!(cards.len(), 2);
    assert_eq!(cards[0][..12], [0x40, 0xC5, 0xD5, 0xE3, 0xD9, 0xE8, 0x40, 0xD7, 0x40, 0x50, 0x40, 0xD8]);
    assert_eq!(cards[1][..4], [0x40, 0xC1, 0xD5, 0xE8]);
}

#[test]
fn using_is_pushed_and_popped() {
    let text = "P        CSECT\n         USING P,12\n         PUSH  USING\n         DROP  12\n         USING P,3\n         L     1,P\n         POP   USING\n         L     1,P\n         END\n";
    assert_eq!(hex(text), "581030005810C000");
}
