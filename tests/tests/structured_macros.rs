//! The structured-programming macros, tested by running what they generate on every engine.

use std::sync::Arc;

use asm370::{CoreImage, Options, Source, StructuredMacros, assemble, link};
use s370_cpu::{
    bus::NoDevices,
    machine::{Machine, Stop},
    state::{CpuState, Model},
    storage::Storage,
};
use tests::check::ENGINES;

/// What register 14 contains at first: where an instruction loads a PSW that waits.
const RETURN: u32 = 0x200;
/// That PSW, and its address.
const END: u64 = 0x0002_0000_0000_0E0D;
/// The caller's save area.
const SAVE: u32 = 0x8000;
/// Where the program is loaded.
const ORIGIN: u32 = 0x1000;

/// Calls a program's entry `name` on every engine. Gives the registers that come back.
fn call(image: &CoreImage, name: &str, r2: u32, r3: u32) -> [u32; 16] {
    let mut registers = [0xDEAD_0000; 16];
    registers[2] = r2;
    registers[3] = r3;
    registers[13] = SAVE;
    registers[14] = RETURN;
    registers[15] = image.address(name).expect("an entry");
    let ends = ENGINES.map(|engine| {
        let storage = Storage::new(0x1_0000).expect("a size that can be had");
        storage.store(104, &0x0002_0000_0000_0BAD_u64.to_be_bytes());
        // LPSW 8(RETURN).
        storage.store(RETURN, &[0x82, 0x00, 0x02, 0x08]);
        storage.store(RETURN + 8, &END.to_be_bytes());
        storage.store(image.origin, &image.bytes);
        let mut state = CpuState::new(Model::default());
        state.gr = registers;
        state.psw.address = registers[15];
        let mut machine = Machine::new(state, Arc::new(storage));
        machine.processor.engine = engine;
        let (_, stop) = machine.run(&mut NoDevices, 10_000);
        let state = machine.processor.state;
        assert_eq!((stop, state.psw.address), (Stop::Wait, END as u32), "{engine:?}: {state:X?}");
        assert_eq!(state.gr[..13], registers[..13], "{engine:?}: the caller's registers come back");
        assert_eq!(state.gr[13], SAVE, "{engine:?}");
        state.gr
    });
    assert!(ends.windows(2).all(|pair| pair[0] == pair[1]), "{ends:X?}");
    ends[0]
}

fn image_of(text: &str) -> CoreImage {
    let assembly = assemble(&Source::new("test", text), &Options::default(), &StructuredMacros);
    let messages: String = assembly.diagnostics.iter().map(|diagnostic| format!("{diagnostic}\n")).collect();
    assert!(assembly.diagnostics.is_empty(), "{messages}\n{}", assembly.listing);
    link(&[assembly.object.expect("an object")], ORIGIN).expect("an image")
}

/// Runs a subroutine whose body is given; it is entered with R2 and R3 set and returns what it leaves in R15.
fn run(body: &str, r2: u32, r3: u32) -> u32 {
    let body = body.trim_start_matches('\n');
    let text = format!(
        "PROG     CSECT\n         REGS\nMAIN     ENTER ENTRY=YES\n{body}         EXIT  RC=KEEP,DROP=12\n         LTORG\n\
         FLAG     DC    X'00'\nTEXT     DC    C'ABC'\n         END\n"
    );
    call(&image_of(&text), "MAIN", r2, r3)[15]
}

#[test]
fn if_elseif_else() {
    let body = "
         IF    (C,R2,=F'5',LT)
         LA    R15,1
         ELSEIF (C,R2,=F'5',EQ)
         LA    R15,2
         ELSEIF (C,R2,=F'6',EQ)
         LA    R15,3
         ELSE
         LA    R15,4
         ENDIF
";
    assert_eq!([3, 5, 6, 7].map(|n| run(body, n, 0)), [1, 2, 3, 4]);
}

#[test]
fn an_if_without_else_and_with_a_code_only() {
    let body = "
         SR    R15,R15
         LTR   R2,R2
         IF    (NZ)
         IF    (LTR,R3,R3,8)
         LA    R15,1
         ENDIF
         AR    R15,R2
         ENDIF
";
    assert_eq!(run(body, 0, 0), 0);
    assert_eq!(run(body, 7, 1), 7);
    assert_eq!(run(body, 7, 0), 8);
}

/// Every combination of three or four conditions against the rules of precedence.
#[test]
fn connectors_bind_as_documented() {
    let names = ["AND", "OR", "ANDIF", "ORIF"];
    let mut programs = 0;
    for first in 0..4 {
        for second in 0..4 {
            for third in 0..4 {
                let connectors = [first, second, third];
                let first = format!("         IF    (TM,FLAG,8,O),{},(TM,FLAG,4,O),{},", names[first], names[second]);
                let rest = format!("               (TM,FLAG,2,O),{},(TM,FLAG,1,O)", names[third]);
                let branches = "         LA    R15,1\n         ELSE\n         SR    R15,R15\n         ENDIF\n";
                let body = format!("{first:<71}X\n{rest}\n{branches}");
                for flags in 0..16u32 {
                    let body = format!("         MVI   FLAG,{flags}\n{body}");
                    let values = [8, 4, 2, 1].map(|bit| flags & bit != 0);
                    assert_eq!(run(&body, 0, 0) == 1, holds(&values, &connectors), "{flags:04b} {connectors:?}");
                    programs += 1;
                }
            }
        }
    }
    assert_eq!(programs, 1024);
}

/// Splits at the weakest connector: 3 ORIF, 2 ANDIF, 1 OR, 0 AND.
fn holds(values: &[bool], connectors: &[usize]) -> bool {
    for level in [3, 2, 1, 0] {
        if let Some(n) = connectors.iter().position(|&c| c == level) {
            let left = holds(&values[..=n], &connectors[..n]);
            let right = holds(&values[n + 1..], &connectors[n + 1..]);
            return if level % 2 == 1 { left || right } else { left && right };
        }
    }
    values[0]
}

#[test]
fn do_while_and_until() {
    let body = "
         LA    R8,1
         SR    R15,R15
         DO    WHILE,(LTR,R2,R2,P),AND,(C,R15,=F'50',L)
         AR    R15,R2
         DO    UNTIL,(LTR,R3,R3,NP),OR,(C,R3,=F'100',H)
         LA    R15,1(,R15)
         SR    R3,R8
         ENDDO
         SR    R2,R8
         ENDDO
";
    // R2 4,3,2,1; the inner loop runs at least once, three times at first.
    assert_eq!(run(body, 4, 3), 4 + 3 + 2 + 1 + 3 + 1 + 1 + 1);
    assert_eq!(run(body, 0, 3), 0);
}

#[test]
fn counting_loops() {
    let down = "         SR    R15,R15\n         DO    FROM,(R5,10)\n         AR    R15,R5\n         ENDDO\n";
    assert_eq!(run(down, 0, 0), 55);
    let fullword = down.replace("(R5,10)", "(R5,=F'4')");
    assert_eq!(run(&fullword, 0, 0), 10);
    let up = "         SR    R15,R15\n         DO    FROM,(R5,3),TO,(R7,6)\n         AR    R15,R5\n         ENDDO\n";
    assert_eq!(run(up, 0, 0), 18);
    let step = up.replace("TO,(R7,6)", "TO,(R7,10),BY,(R6,3)");
    assert_eq!(run(&step, 0, 0), 3 + 6 + 9);
    let never = up.replace("TO,(R7,6)", "TO,(R7,2)");
    assert_eq!(run(&never, 0, 0), 0);
    let given = up.replace("TO,(R7,6)", "TO,(R3),BY,(R2)").replace("(R5,3)", "(R5,1)");
    assert_eq!(run(&given, 2, 5), 1 + 3 + 5);
}

#[test]
fn leave_and_iterate() {
    let body = "
         SR    R15,R15
         SR    R4,R4
         DO    INF
         LA    R4,1(,R4)
         LEAVE (CR,R4,R2,H)
         IF    (CR,R4,R3,EQ)
         ITERATE
         ENDIF
         AR    R15,R4
         ENDDO
";
    assert_eq!(run(body, 5, 3), 1 + 2 + 4 + 5);
    let counted = "
         SR    R15,R15
         DO    FROM,(R5,5)
         ITERATE (CR,R5,R2,EQ),OR,(CR,R5,R3,EQ)
         AR    R15,R5
         ENDDO
";
    assert_eq!(run(counted, 2, 4), 5 + 3 + 1);
}

#[test]
fn select_by_values_and_by_conditions() {
    let body = "
         STC   R2,FLAG
         SELECT CLI,FLAG,EQ
         WHEN  1
         LA    R15,10
         WHEN  2,C'A',X'FF'
         LA    R15,20
         OTHRWISE
         LA    R15,30
         ENDSEL
";
    assert_eq!([1, 2, 0xC1, 0xFF, 3].map(|n| run(body, n, 0)), [10, 20, 20, 20, 30]);
    let body = "
         SR    R15,R15
         SELECT
         WHEN  (LTR,R2,R2,M)
         LA    R15,1
         WHEN  (LTR,R2,R2,Z),AND,(LTR,R3,R3,Z)
         LA    R15,2
         WHEN  (CLC,TEXT,=C'ABC',NE),OR,(LTR,R3,R3,P)
         LA    R15,3
         ENDSEL
";
    assert_eq!(run(body, u32::MAX, 0), 1);
    assert_eq!(run(body, 0, 0), 2);
    assert_eq!(run(body, 1, 5), 3);
    assert_eq!(run(body, 1, 0), 0);
}

#[test]
fn subroutines_call_each_other() {
    let text = "
PROG     CSECT
         REGS
MAIN     ENTER ENTRY=YES
         CALL  SUM,(FIRST,SECOND)
         ST    R15,TOTAL
         LA    R4,LEAF
         CALL  (R4)
         EXIT  RC=(R15),DROP=12
TOTAL    DC    F'0'
FIRST    DC    F'30'
SECOND   DC    F'12'
         LTORG
LEAF     ENTER SAVE=NO
         L     R15,=A(TOTAL)
         L     R15,0(,R15)
         AR    R15,R15
         EXIT  RC=KEEP,SAVE=NO,DROP=12
         LTORG
SUBS     CSECT
SUM      ENTER BASE=R10,SAVE=AREA,ENTRY=YES
         LM    R2,R3,0(R1)
         L     R4,0(,R2)
         L     R5,0(,R3)
         AR    R4,R5
         IF    (LTR,R3,R3,M)
         LR    R15,R4
         ELSE
         SR    R15,R15
         ENDIF
         EXIT  RC=KEEP,DROP=R10
AREA     DC    18F'0'
         END   MAIN
";
    // The last parameter's address has its first bit set.
    assert_eq!(call(&image_of(text.trim_start_matches('\n')), "MAIN", 0, 0)[15], 84);
}
