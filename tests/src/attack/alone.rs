//! One attacker alone, with a program that a reader shall understand: for what was found once.

use std::sync::{Arc, Mutex};

use cp::{
    dispatch::Wake,
    dispatcher::{InstructionTime, Meter, Work},
    system::{RealProcessor, System},
    user::{Mode, User, padded},
    vm::{Definition, Timer},
};
use devices::dasd::shared::SharedPack;
use s370_arch::psw::Psw;
use s370_cpu::{
    processor::Engine,
    state::{MICROSECOND, Model},
    storage::AbsoluteStorage,
};

use super::{devices::Pack, witness::lock};
use crate::assemble::assemble;

/// Where the program is.
pub const CODE: u32 = 0x1000;

/// A system with one user.
pub struct Alone {
    /// The system.
    pub system: System,
    /// Its processor.
    pub here: RealProcessor,
    /// The user.
    pub user: Arc<Mutex<User>>,
    meter: InstructionTime,
}

impl Alone {
    /// A machine of a size on a real one of a size, with an attacker's devices and a program at [`CODE`].
    ///
    /// # Panics
    /// The sizes or the program are wrong: an error of the caller.
    #[must_use]
    pub fn new(real: u32, size: u32, program: &[&str]) -> Alone {
        let system = System::new(u64::from(real), 1).expect("a system");
        let here = system.processor(0);
        let definition = Definition { user: padded("EVE"), storage: size, model: Model::default(), timer: Timer::Off };
        let user = system.log_on("EVE", "G", &definition, 0x009).expect("a user");
        {
            let mut user = lock(&user);
            user.mode = Mode::Running;
            let machine = &mut user.machine;
            super::devices::attach(machine, &SharedPack::new(Box::new(Pack::new(1, &[0; 8]))), 0);
            machine.engine = Engine::Fast;
            let code = program.iter().map(|text| assemble(text).unwrap_or_else(|problem| panic!("{text}: {problem}")));
            let code: Vec<u8> = code.flat_map(|instruction| instruction.bytes().to_vec()).collect();
            machine.storage.store(CODE, &code);
            machine.set_psw(Psw { address: CODE, ..Psw::default() });
            machine.start();
        }
        let alone = Alone { system, here, user, meter: InstructionTime::default() };
        alone.system.ready(lock(&alone.user).machine.owner, Wake::Other, 0);
        alone
    }

    /// Gives so many turns; says how many microseconds each took by the dispatcher's count. Ends when there is nothing to do.
    pub fn turns(&mut self, count: usize) -> Vec<u64> {
        let mut turns = Vec::new();
        for _ in 0..count {
            let begin = self.meter.now();
            if self.system.work(&mut self.here, &self.meter) != Work::Done {
                break;
            }
            turns.push((self.meter.now() - begin) / MICROSECOND);
        }
        turns
    }
}
