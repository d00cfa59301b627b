//! The structured-programming macros, tested by running what they generate.

use asm370::{Assembly, CoreImage, Options, Source, StructuredMacros, assemble, link};
use s370_arch::format::{Address, Instruction, Operands};
use s370_arch::isa::Op;

/// Where the interpreter stops: what register 14 contains at first.
const STOP: u32 = 0xFF_FF00;
/// The caller's save area.
const SAVE: u32 = 0x8000;

/// As much of a processor as the macros' code and the tests' own statements need.
struct Machine {
    storage: Vec<u8>,
    registers: [u32; 16],
    code: u8,
    next: u32,
}

impl Machine {
    fn new(image: &CoreImage, name: &str) -> Machine {
        let mut storage = vec![0; 0x10000];
        storage[image.origin as usize..][..image.bytes.len()].copy_from_slice(&image.bytes);
        let entry = image.address(name).unwrap();
        let mut registers = [0xDEAD_0000; 16];
        registers[13] = SAVE;
        registers[14] = STOP;
        registers[15] = entry;
        Machine { storage, registers, code: 0, next: entry }
    }

    fn run(&mut self) {
        for _ in 0..10_000 {
            if self.next == STOP {
                return;
            }
            self.step();
        }
        panic!("the program does not end");
    }

    fn at(&self, address: Address, index: u8) -> u32 {
        let part = |register: u8| if register == 0 { 0 } else { self.registers[register as usize] };
        (part(address.base) + part(index) + u32::from(address.displacement)) & 0xFF_FFFF
    }

    fn load(&self, at: u32) -> u32 {
        u32::from_be_bytes(self.storage[at as usize..at as usize + 4].try_into().unwrap())
    }

    fn store(&mut self, at: u32, value: u32) {
        self.storage[at as usize..at as usize + 4].copy_from_slice(&value.to_be_bytes());
    }

    fn compare<T: Ord>(&mut self, a: T, b: T) {
        self.code = match a.cmp(&b) {
            std::cmp::Ordering::Equal => 0,
            std::cmp::Ordering::Less => 1,
            std::cmp::Ordering::Greater => 2,
        };
    }

    fn step(&mut self) {
        let mut bytes = [0; 6];
        bytes.copy_from_slice(&self.storage[self.next as usize..self.next as usize + 6]);
        let instruction = Instruction(bytes);
        let op =
            Op::decode(instruction.first_halfword()).unwrap_or_else(|| panic!("no instruction at {:06X}", self.next));
        self.next += u32::from(instruction.length());
        let fields = Operands::parse(instruction, op.row().format);
        let (r1, r2) = (fields.r1 as usize, fields.r2 as usize);
        let storage = self.at(fields.address1, 0);
        let indexed = self.at(fields.address1, fields.r2);
        match op {
            Op::BALR => {
                let target = self.registers[r2];
                self.registers[r1] = self.next;
                if r2 != 0 {
                    self.next = target;
                }
            }
            Op::BAL => {
                self.registers[r1] = self.next;
                self.next = indexed;
            }
            Op::BCR if r2 != 0 && r1 as u8 >> (3 - self.code) & 1 != 0 => self.next = self.registers[r2],
            Op::BC if r1 as u8 >> (3 - self.code) & 1 != 0 => self.next = indexed,
            Op::BC | Op::BCR => {}
            Op::BCT => {
                self.registers[r1] = self.registers[r1].wrapping_sub(1);
                if self.registers[r1] != 0 {
                    self.next = storage;
                }
            }
            Op::BXLE => {
                self.registers[r1] = self.registers[r1].wrapping_add(self.registers[r2]);
                if self.registers[r1] as i32 <= self.registers[r2 | 1] as i32 {
                    self.next = storage;
                }
            }
            Op::LR => self.registers[r1] = self.registers[r2],
            Op::SR => self.registers[r1] = self.registers[r1].wrapping_sub(self.registers[r2]),
            Op::AR => self.registers[r1] = self.registers[r1].wrapping_add(self.registers[r2]),
            Op::LTR => {
                self.registers[r1] = self.registers[r2];
                self.compare(self.registers[r1] as i32, 0);
            }
            Op::CR => self.compare(self.registers[r1] as i32, self.registers[r2] as i32),
            Op::L => self.registers[r1] = self.load(indexed),
            Op::C => self.compare(self.registers[r1] as i32, self.load(indexed) as i32),
            Op::LA => self.registers[r1] = indexed,
            Op::ST => self.store(indexed, self.registers[r1]),
            Op::STC => self.storage[indexed as usize] = self.registers[r1] as u8,
            Op::CLI => self.compare(self.storage[storage as usize], fields.immediate),
            Op::MVI => self.storage[storage as usize] = fields.immediate,
            Op::TM => {
                let selected = self.storage[storage as usize] & fields.immediate;
                self.code = if selected == 0 {
                    0
                } else if selected == fields.immediate {
                    3
                } else {
                    1
                };
            }
            Op::STM | Op::LM => self.multiple(op, r1, r2, storage),
            Op::CLC => {
                let length = usize::from(fields.immediate) + 1;
                let (a, b) = (storage as usize, self.at(fields.address2, 0) as usize);
                let (a, b) = (self.storage[a..a + length].to_vec(), self.storage[b..b + length].to_vec());
                self.compare(a, b);
            }
            other => panic!("{other:?} is not in the test's interpreter"),
        }
    }

    fn multiple(&mut self, op: Op, first: usize, last: usize, mut at: u32) {
        let mut register = first;
        loop {
            if op == Op::STM {
                self.store(at, self.registers[register]);
            } else {
                self.registers[register] = self.load(at);
            }
            if register == last {
                return;
            }
            register = (register + 1) % 16;
            at += 4;
        }
    }
}

fn assembled(text: &str) -> Assembly {
    assemble(&Source::new("test", text), &Options::default(), &StructuredMacros)
}

/// Runs a subroutine whose body is given; it is entered with R2 and R3 set and returns what it leaves in R15.
fn run(body: &str, r2: u32, r3: u32) -> u32 {
    let body = body.trim_start_matches('\n');
    let text = format!(
        "PROG     CSECT\n         REGS\nMAIN     ENTER ENTRY=YES\n{body}         EXIT  RC=KEEP,DROP=12\n         LTORG\n\
         FLAG     DC    X'00'\nTEXT     DC    C'ABC'\n         END\n"
    );
    let assembly = assembled(&text);
    let messages: String = assembly.diagnostics.iter().map(|d| format!("{d}\n")).collect();
    assert!(assembly.severity.0 == 0, "{messages}\n{}", assembly.listing);
    let image = link(&[assembly.object.unwrap()], 0x1000).unwrap();
    let mut machine = Machine::new(&image, "MAIN");
    machine.registers[2] = r2;
    machine.registers[3] = r3;
    let before = machine.registers;
    machine.run();
    assert_eq!(machine.registers[..13], before[..13], "the caller's registers come back");
    assert_eq!(machine.registers[13], SAVE);
    machine.registers[15]
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
    let assembly = assembled(text.trim_start_matches('\n'));
    let messages: String = assembly.diagnostics.iter().map(|d| format!("{d}\n")).collect();
    assert!(assembly.severity.0 == 0, "{messages}\n{}", assembly.listing);
    let image = link(&[assembly.object.unwrap()], 0x1000).unwrap();
    let mut machine = Machine::new(&image, "MAIN");
    machine.run();
    // The last parameter's address has its first bit set.
    assert_eq!(machine.registers[15], 84);
    assert_eq!(machine.registers[13], SAVE);
}

#[test]
fn misuse_is_noted() {
    let noted = |body: &str, message: &str| {
        let assembly = assembled(&format!("P        CSECT\n         USING P,12\n{body}         END\n"));
        assert!(assembly.object.is_none());
        assert!(assembly.diagnostics.iter().any(|d| d.message == message), "{message}: {:?}", assembly.diagnostics);
    };
    noted("         ELSE\n", "ELSE DOES NOT FOLLOW IF");
    noted("         DO    INF\n         ENDIF\n", "ENDIF DOES NOT FOLLOW IF");
    noted("         IF    (Z)\n         ELSE\n         ELSE\n", "ELSE DOES NOT FOLLOW IF");
    noted("         IF    (XX)\n", "XX IS NOT A CONDITION");
    noted("         IF    (Z),NOR,(Z)\n", "NOR IS NOT AND, OR, ANDIF OR ORIF");
    noted("         IF    (LTR,1,1,Z),AND\n", "A CONDITION IS MISSING");
    noted("         LEAVE\n", "LEAVE IS NOT WITHIN DO");
    noted("         DO    FOREVER\n", "FOREVER IS NOT WHILE, UNTIL, FROM OR INF");
    noted("         WHEN  1\n", "WHEN IS NOT WITHIN SELECT");
    let many = ["(Z)"; 11].join(",OR,");
    let (first, rest) = many.split_at(many[..50].rfind(',').map_or(0, |at| at + 1));
    for (before, macro_call) in
        [("", "IF    "), ("", "DO    WHILE,"), ("", "DO    UNTIL,"), ("         DO    INF\n", "LEAVE ")]
    {
        let line = format!("         {macro_call}{first}");
        let call = format!("{before}{line:<71}X\n{:<15}{rest}\n", "");
        noted(&call, "THERE ARE MORE THAN 10 CONDITIONS");
    }
}
