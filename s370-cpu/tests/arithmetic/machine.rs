//! A small machine that executes one instruction.

use std::sync::Arc;

use s370_arch::{interruption::ProgramCode, psw::Psw};
use s370_cpu::{
    bus::NoDevices,
    interruption::{Interruption, PerEvent},
    processor::{Engine, Exit, Processor},
    state::{CpuState, Model},
    storage::Storage,
};

/// Bytes of storage.
pub const STORAGE: u32 = 0x10000;
/// Where the instruction is.
pub const INSTRUCTION: u32 = 0x1000;
/// With [`Before::paged`]: the page at this address is not in storage.
pub const MISSING_PAGE: u32 = 0x4000;

const SEGMENT_TABLE: u32 = 0xF000;
const PAGE_TABLE: u32 = 0xF100;

/// Bytes written in hexadecimal; blanks do not count.
pub fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|digit| *digit != b' ').collect();
    assert!(digits.len().is_multiple_of(2), "{hex:?}");
    digits.chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// The machine before the instruction.
pub struct Before {
    pub state: CpuState,
    pub storage: Storage,
}

impl Before {
    /// The machine with this instruction, all else zero, in BC mode.
    pub fn new(instruction: &str) -> Before {
        let mut state = CpuState::new(Model::default());
        state.psw = Psw { address: INSTRUCTION, ..Psw::default() };
        let before = Before { state, storage: Storage::new(STORAGE.into()).unwrap() };
        before.put(INSTRUCTION, instruction)
    }

    pub fn put(self, at: u32, hex: &str) -> Before {
        self.storage.put_bytes(at, &bytes(hex));
        self
    }

    pub fn gr(mut self, r: usize, value: u32) -> Before {
        self.state.gr[r] = value;
        self
    }

    pub fn fpr(mut self, r: usize, value: u64) -> Before {
        self.state.fpr[r / 2] = value;
        self
    }

    pub fn program_mask(mut self, mask: u8) -> Before {
        self.state.psw.program_mask = mask;
        self
    }

    /// Access key of the program.
    pub fn key(mut self, key: u8) -> Before {
        self.state.psw.key = key;
        self
    }

    /// Storage key of the block at `at`.
    pub fn storage_key(self, at: u32, key: u8) -> Before {
        self.storage.set_key(at, key);
        self
    }

    fn extended_control(&mut self, system_mask: u64) {
        let Psw { program_mask, key, .. } = self.state.psw;
        self.state.psw = Psw::parse(system_mask << 56 | 0x0008_0000_0000_0000 | u64::from(INSTRUCTION));
        self.state.psw.program_mask = program_mask;
        self.state.psw.key = key;
    }

    /// EC mode with translation: pages 2 and 3 are exchanged, page 4 is not in storage, the others have their own frames.
    pub fn paged(mut self) -> Before {
        for (page, entry) in (0..16_u16).map(|page| page << 4).enumerate() {
            let entry = match page {
                2 => 0x30,
                3 => 0x20,
                4 => entry | 8,
                _ => entry,
            };
            self.storage.put_u16(PAGE_TABLE + page as u32 * 2, entry);
        }
        self.storage.put_u32(SEGMENT_TABLE, 0xF000_0000 | PAGE_TABLE);
        self.state.cr[0] |= 0x0080_0000;
        self.state.cr[1] = SEGMENT_TABLE;
        self.extended_control(4);
        self
    }

    /// EC mode with program-event recording of stores anywhere and of all general registers.
    pub fn recorded(mut self) -> Before {
        self.state.cr[9] = 0x3000_FFFF;
        self.state.cr[10] = 0;
        self.state.cr[11] = 0xFF_FFFF;
        self.extended_control(0x40);
        self
    }

    /// Executes the instruction.
    pub fn run(self) -> After {
        let before = self.state.clone();
        let mut image = vec![0; STORAGE as usize];
        self.storage.read(0, &mut image);
        let mut processor = Processor::new(self.state, Arc::new(self.storage));
        processor.engine = Engine::Slow;
        let (count, exit) = processor.run(&mut NoDevices, 1);
        assert_eq!(count, 1);
        let (code, per) = match exit {
            Exit::Budget => (None, None),
            Exit::Interruption(Interruption::Program(program)) => (program.code, program.per),
            other => panic!("{other:?}"),
        };
        After { before, image, state: processor.state.clone(), storage: processor.storage, code, per }
    }
}

/// The machine after the instruction; the interruption is not yet taken.
pub struct After {
    before: CpuState,
    image: Vec<u8>,
    pub state: CpuState,
    pub storage: Arc<Storage>,
    /// Program interruption.
    pub code: Option<ProgramCode>,
    /// Program event.
    pub per: Option<PerEvent>,
}

impl After {
    /// Real storage, in hexadecimal.
    pub fn storage(&self, at: u32, length: usize) -> String {
        let mut found = vec![0; length];
        self.storage.read(at, &mut found);
        found.iter().map(|byte| format!("{byte:02X}")).collect()
    }

    /// That storage, registers and condition code are what they were, and that there was this interruption.
    #[track_caller]
    pub fn assert_unchanged(&self, code: ProgramCode) {
        assert_eq!(self.code, Some(code));
        let mut image = vec![0; STORAGE as usize];
        self.storage.read(0, &mut image);
        assert!(image == self.image, "storage has changed");
        assert_eq!((self.state.gr, self.state.fpr), (self.before.gr, self.before.fpr));
        assert_eq!(self.state.psw.cc, self.before.psw.cc);
    }
}
