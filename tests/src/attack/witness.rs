//! Those whom nobody may harm: a machine with known contents that looks at them all the time, and a machine that computes.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use cambridge::programs::{Outcome, PROGRAMS, Run};
use cp::{
    real::Owner,
    user::{Mode, User},
};
use s370_arch::{
    psw::Psw,
    storage_key::{BLOCK, CHANGE, REFERENCE},
};
use s370_cpu::{processor::Engine, storage::AbsoluteStorage};

use super::program::SHARED;
use crate::{assemble::assemble, random::Rng};

/// Rounds of the program that computes.
pub const ROUNDS: u32 = 1;
/// Bytes of the victim's storage.
pub const SIZE: u32 = 256 << 10;
/// The victim's code, its data, and a PSW that says that they have changed.
const CODE: u32 = 0x1000;
const DATA: u32 = 0x3000;
const CHANGED: u32 = 0x400;

/// A machine with known contents.
pub struct Victim {
    /// The user.
    pub user: Arc<Mutex<User>>,
    /// Whose machine it is.
    pub owner: Owner,
    storage: Vec<u8>,
    keys: Vec<u8>,
    shared: Vec<u8>,
    gr: [u32; 16],
    fpr: [u64; 4],
    cr: [u32; 16],
}

/// A user whom nobody has left in disorder: after a panic the case is over.
pub fn lock(user: &Arc<Mutex<User>>) -> MutexGuard<'_, User> {
    user.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Storage full of a secret: its eight bytes in every sixteen.
#[must_use]
pub fn full_of(secret: u64, size: u32) -> Vec<u8> {
    (0..size / 16).flat_map(|n| [secret, u64::from(n)]).flat_map(u64::to_be_bytes).collect()
}

impl Victim {
    /// Fills a user's storage with a secret, and has the machine look whether it stays.
    ///
    /// # Panics
    /// The machine has too little storage, or there is no system to share: errors of the caller.
    #[must_use]
    pub fn new(user: Arc<Mutex<User>>, rng: &mut Rng, secret: u64, shared: Option<&[u8]>) -> Victim {
        let mut storage = full_of(secret, SIZE);
        let code = ["LR 1,4", "SR 2,2", "AL 2,0(0,1)", "BXLE 1,6,4(10)", "CLR 2,8", "BC 8,0(10)", "LPSW 1024(0)"];
        let code = code.into_iter().flat_map(|text| assemble(text).expect("an instruction").bytes().to_vec());
        let code: Vec<u8> = code.collect();
        storage[CODE as usize..CODE as usize + code.len()].copy_from_slice(&code);
        let changed = Psw { wait: true, address: 0xBAD, ..Psw::default() };
        storage[CHANGED as usize..CHANGED as usize + 8].copy_from_slice(&changed.emit(0, 0).to_be_bytes());
        let step = 4 * (10 + rng.below(400));
        let sum = (DATA..=SIZE - 4).step_by(step as usize).map(|at| at as usize);
        let sum = sum.map(|at| u32::from_be_bytes([storage[at], storage[at + 1], storage[at + 2], storage[at + 3]]));
        let sum = sum.fold(0_u32, u32::wrapping_add);
        let keys = (0..SIZE / BLOCK).map(|_| rng.u32() as u8 & 0xF0 | REFERENCE | CHANGE).collect();
        let mut gr: [u32; 16] = std::array::from_fn(|_| rng.u32());
        (gr[4], gr[6], gr[7], gr[8], gr[10]) = (DATA, step, SIZE - 4, sum, CODE);
        let fpr = std::array::from_fn(|_| rng.u64());
        let owner = lock(&user).machine.owner;
        let mut victim = Victim { user, owner, storage, keys, shared: Vec::new(), gr, fpr, cr: [0; 16] };
        victim.begin(shared);
        victim
    }

    fn begin(&mut self, shared: Option<&[u8]>) {
        let mut user = lock(&self.user);
        let machine = &mut user.machine;
        machine.storage.store(0, &self.storage);
        for (block, key) in (0..).zip(&self.keys) {
            machine.storage.set_key(block * BLOCK, *key);
        }
        if let Some(contents) = shared {
            machine.storage.load_system("SHARED", true).expect("a system");
            self.shared = contents.to_vec();
        }
        (machine.state.gr, machine.state.fpr) = (self.gr, self.fpr);
        self.cr = machine.state.cr;
        machine.set_psw(Psw { address: CODE, ..Psw::default() });
        machine.start();
        user.mode = Mode::Running;
    }

    /// Looks whether registers are what they were; with `all`, storage and keys too.
    ///
    /// # Errors
    /// What has changed.
    pub fn check(&self, all: bool) -> Result<(), String> {
        let user = lock(&self.user);
        let state = &user.machine.state;
        if user.mode != Mode::Running || state.psw.wait || state.psw.ec || state.psw.address & !0x1F != CODE {
            return Err(format!("the victim's PSW is {:?} ({:?}, {:?})", state.psw, user.mode, user.last_stop));
        }
        // Registers 1 and 2 are what it computes with.
        if (&state.gr[3..], state.gr[0], state.fpr, state.cr) != (&self.gr[3..], self.gr[0], self.fpr, self.cr) {
            return Err(format!("the victim's registers are {:X?} {:X?} {:X?}", state.gr, state.fpr, state.cr));
        }
        if !all {
            return Ok(());
        }
        let storage = &user.machine.storage;
        let mut bytes = vec![0; SIZE as usize];
        storage.read(0, &mut bytes);
        differs("the victim's storage", 0, &self.storage, &bytes)?;
        let keys: Vec<u8> = (0..SIZE / BLOCK).map(|block| storage.key(block * BLOCK)).collect();
        differs("the victim's keys", 0, &self.keys, &keys)?;
        let mut shared = vec![0; self.shared.len()];
        if !shared.is_empty() {
            storage.read(SHARED, &mut shared);
        }
        differs("the victim's shared segment", SHARED, &self.shared, &shared)
    }
}

fn differs(what: &str, from: u32, wanted: &[u8], found: &[u8]) -> Result<(), String> {
    match wanted.iter().zip(found).position(|(a, b)| a != b) {
        None => Ok(()),
        Some(at) => {
            let end = (at + 16).min(found.len());
            Err(format!("{what} at {:X}: {:02X?}, not {:02X?}", from as usize + at, &found[at..end], &wanted[at..end]))
        }
    }
}

/// The program that computes, and how it ends on the bare machine.
///
/// # Panics
/// It does not assemble, or does not end.
pub fn sieve() -> &'static (Vec<u8>, Outcome) {
    static SIEVE: OnceLock<(Vec<u8>, Outcome)> = OnceLock::new();
    SIEVE.get_or_init(|| {
        let program = PROGRAMS.iter().find(|program| program.name == "sieve").expect("the sieve");
        let image = program.core_image(ROUNDS).expect("an image");
        let outcome = Run::new(&image, Engine::Fast).expect("a machine").finish(100_000_000);
        (image, outcome)
    })
}
