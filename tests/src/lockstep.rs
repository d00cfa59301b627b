//! Two engines on the same machine: after any number of instructions they have the same state, storage and keys.

use std::{fmt::Write as _, sync::Arc};

use cp::{
    real::Owner,
    vm::{self as virtual_machine, Definition, Timer, VirtualMachine},
};
use s370_arch::{disassemble::disassemble, format::Instruction, isa::instruction_length, storage_key::BLOCK};
use s370_cpu::{
    dat,
    machine::{Machine, Stop, TakenInterruption},
    processor::Engine,
    state::CpuState,
    storage::{AbsoluteStorage, Storage},
    translate::Counters,
};

use crate::{
    guest::Real,
    random::{RandomBus, Scenario},
    rehearsal::rehearse,
};

/// Where a machine is after some instructions: all that can be compared.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// The processor.
    pub state: CpuState,
    /// Absolute storage.
    pub storage: Vec<u8>,
    /// Keys of the blocks.
    pub keys: Vec<u8>,
    /// What lies around it.
    pub bus: RandomBus,
    /// How many instructions were executed.
    pub executed: u64,
    /// Why it stopped.
    pub stop: Stop,
    /// The interruptions taken; not known when the engine may take them by itself.
    pub taken: Option<Vec<TakenInterruption>>,
}

/// How to run a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct How {
    /// The engine.
    pub engine: Engine,
    /// It may take interruptions inside its loop, which a machine lets it do if it logs none.
    pub native: bool,
    /// The longest run at a time.
    pub slice: u64,
    /// Of the translator: it has translated so many of the instructions when the machine is started.
    pub recording: usize,
    /// It is a virtual machine, under the control program.
    pub virtually: bool,
}

impl How {
    /// The oracle.
    pub const ORACLE: How =
        How { engine: Engine::Slow, native: false, slice: u64::MAX, recording: 0, virtually: false };
}

/// Runs a scenario for so many instructions.
///
/// # Panics
/// The scenario's storage size is none that can be had: an error of the generator.
#[must_use]
pub fn run(scenario: &Scenario, how: How, count: u64) -> End {
    if how.virtually {
        return run_virtually(scenario, how, count);
    }
    run_counted(scenario, how, count).0
}

/// As [`run`], with what the translator has done.
///
/// # Panics
/// As [`run`].
#[must_use]
pub fn run_counted(scenario: &Scenario, how: How, count: u64) -> (End, Counters) {
    let picture = &scenario.picture;
    let storage = Storage::new(picture.storage.len() as u64).expect("the generator's storage size");
    storage.store(0, &picture.storage);
    for (block, key) in picture.keys.iter().enumerate() {
        storage.set_key(block as u32 * BLOCK, *key);
    }
    let storage = Arc::new(storage);
    let mut machine = Machine::new(picture.state.clone(), Arc::clone(&storage));
    machine.processor.engine = how.engine;
    machine.log.capacity = if how.native { 0 } else { 100 };
    if how.recording != 0 {
        machine = rehearse(machine, picture, &|| Box::new(scenario.bus.clone()), how.recording, count);
    }
    let mut bus = scenario.bus.clone();
    let (mut executed, mut stop) = (0, Stop::Count);
    while stop == Stop::Count && executed < count {
        let (done, why) = machine.run(&mut bus, how.slice.min(count - executed));
        executed += done;
        stop = why;
    }
    let mut bytes = vec![0; picture.storage.len()];
    storage.read(0, &mut bytes);
    let keys = (0..picture.keys.len()).map(|block| storage.key(block as u32 * BLOCK)).collect();
    let taken = (!how.native).then_some(machine.log.taken);
    let counters = machine.processor.translator().counters();
    (End { state: machine.processor.state, storage: bytes, keys, bus, executed, stop, taken }, counters)
}

/// Real storage for a virtual machine.
const REAL: u64 = 4 << 20;

/// As [`run`], in a virtual machine.
fn run_virtually(scenario: &Scenario, how: How, count: u64) -> End {
    let picture = &scenario.picture;
    let mut real = Real::new(REAL, Engine::Fast);
    let size = picture.storage.len() as u32;
    let definition = Definition { user: [0x40; 8], storage: size, model: picture.state.model, timer: Timer::Real };
    let mut machine = VirtualMachine::with(Owner(1), &definition, &real.storage, &real.pool, scenario.bus.clone())
        .expect("a machine");
    machine.engine = how.engine;
    machine.state = picture.state.clone();
    machine.storage.store(0, &picture.storage);
    for (block, key) in picture.keys.iter().enumerate() {
        machine.storage.set_key(block as u32 * BLOCK, *key);
    }
    let mut stop = virtual_machine::Stop::Slice;
    while matches!(stop, virtual_machine::Stop::Slice | virtual_machine::Stop::Diagnose(_))
        && machine.instructions() < count
    {
        stop = machine.run(&mut real.processor, how.slice.min(count - machine.instructions()));
    }
    let mut bytes = vec![0; picture.storage.len()];
    machine.storage.read(0, &mut bytes);
    let keys = (0..picture.keys.len()).map(|block| machine.storage.key(block as u32 * BLOCK)).collect();
    let stop = match stop {
        virtual_machine::Stop::Wait { .. } | virtual_machine::Stop::DisabledWait => Stop::Wait,
        virtual_machine::Stop::ProgramLoop => Stop::CheckStop,
        virtual_machine::Stop::Stopped => Stop::Stopped,
        _ => Stop::Count,
    };
    let executed = machine.instructions();
    let (state, bus) = (machine.state.clone(), machine.channels.clone());
    End { state, storage: bytes, keys, bus, executed, stop, taken: None }
}

/// Runs a scenario on the oracle and in another way, and compares.
///
/// # Errors
/// The first instruction after which they differ, with what led to it.
pub fn compare(scenario: &Scenario, how: How, count: u64) -> Result<(), String> {
    let mut count = count;
    let mut wanted = run(scenario, How::ORACLE, count);
    if !scenario.tables_stand(&wanted.storage, &wanted.state.cr) {
        count = horizon(scenario, count);
        wanted = run(scenario, How::ORACLE, count);
    }
    let got = run(scenario, how, count);
    if is_same(&wanted, &got) || how.virtually && is_allowed(scenario, how, count) {
        return Ok(());
    }
    Err(explain(scenario, how, count))
}

/// Whether a virtual machine may differ from the bare one after so many instructions, as it does: MOVE LONG moved something
/// over itself, or it was executed by EXECUTE and changed that, its target or the registers that designate it. It is
/// interruptible, and when the control program has brought a page in that it needs it is fetched again (GA22-7000-10,
/// chapter 5, "Interruptible Instructions"), as after any interruption on the bare machine.
fn is_allowed(scenario: &Scenario, how: How, count: u64) -> bool {
    let oracle = |count| run(scenario, How::ORACLE, count);
    let differs = |count: u64| !is_same(&oracle(count), &run(scenario, how, count));
    let first = (1..=count).find(|count| differs(*count)).unwrap_or(count);
    let (before, after) = (oracle(first - 1), oracle(first));
    let address = before.state.psw.address;
    let Some(bytes) = fetch(&before, address) else { return false };
    let is_long = |opcode: u8| matches!(opcode, MVCL | CLCL);
    match bytes[0] {
        EXECUTE => {
            let target = Instruction([bytes[0], bytes[1], bytes[2], bytes[3], 0, 0]);
            let register = |r: usize| if r == 0 { 0 } else { before.state.gr[r] };
            let at = register(target.r2()).wrapping_add(register(target.base1())).wrapping_add(target.displacement1());
            fetch(&before, at & 0x00FF_FFFF).is_some_and(|target| is_long(target[0]))
        }
        opcode => is_long(opcode) && place(&before, address).is_some_and(|at| after.storage[at..at + 2] != bytes[..2]),
    }
}

/// Operation codes.
const MVCL: u8 = 0x0E;
const CLCL: u8 = 0x0F;
const EXECUTE: u8 = 0x44;

/// Where a logical address is in storage; none if it cannot be fetched from.
fn place(end: &End, at: u32) -> Option<usize> {
    let state = &end.state;
    let storage = Storage::new(end.storage.len() as u64).ok()?;
    storage.store(0, &end.storage);
    let real = if state.psw.translation() { dat::translate(state, &storage, state.cr[1], at).ok()?.real } else { at };
    Some(state.absolute(real) as usize)
}

/// Four bytes at a logical address, inside one page.
fn fetch(end: &End, at: u32) -> Option<[u8; 4]> {
    let at = place(end, at)?;
    end.storage.get(at..at + 4)?.try_into().ok()
}

/// What may differ between the oracle and another engine: nothing but the list of interruptions, where the engine was
/// allowed to take them by itself.
fn is_same(wanted: &End, got: &End) -> bool {
    let mut wanted = wanted.clone();
    if got.taken.is_none() {
        wanted.taken = None;
    }
    wanted == *got
}

/// The instructions up to the first that makes what a translation-lookaside buffer holds matter.
fn horizon(scenario: &Scenario, count: u64) -> u64 {
    let stands = |count: u64| {
        let end = run(scenario, How::ORACLE, count);
        scenario.tables_stand(&end.storage, &end.state.cr)
    };
    let (mut good, mut bad) = (0, count);
    while bad - good > 1 {
        let middle = u64::midpoint(good, bad);
        if stands(middle) { good = middle } else { bad = middle }
    }
    good
}

/// A short listing: the last instructions before the first difference, and the difference.
fn explain(scenario: &Scenario, how: How, count: u64) -> String {
    let differs = |count: u64| !is_same(&run(scenario, How::ORACLE, count), &run(scenario, how, count));
    let first = (1..=count).find(|count| differs(*count)).unwrap_or(count);
    let mut text = format!("seed {:#X}, {how:?}: differs after {first} instructions\n", scenario.seed);
    for n in first.saturating_sub(12)..first {
        let before = run(scenario, How::ORACLE, n);
        let _ = writeln!(text, "  {n:4}  {}", listing(&before));
    }
    let before = run(scenario, How::ORACLE, first - 1);
    let _ = writeln!(text, "  registers before: {:08X?}", before.state.gr);
    let _ = writeln!(text, "  {:X?}\n  control registers {:X?}", before.state.psw, before.state.cr);
    describe(&mut text, &run(scenario, How::ORACLE, first), &run(scenario, how, first));
    text
}

/// The instruction about to be executed.
fn listing(end: &End) -> String {
    let state = &end.state;
    let at = state.psw.address;
    let storage = Storage::new(end.storage.len() as u64).ok();
    let byte = |virtual_address: u32| {
        let storage = storage.as_ref()?;
        let real = if state.psw.translation() {
            dat::translate(state, storage, state.cr[1], virtual_address).ok()?.real
        } else {
            virtual_address
        };
        end.storage.get(state.absolute(real) as usize).copied()
    };
    if let Some(storage) = &storage {
        storage.store(0, &end.storage);
    }
    let Some(first) = byte(at) else { return format!("{at:06X}  (not accessible)") };
    let mut bytes = [0; 6];
    for (n, place) in bytes.iter_mut().enumerate().take(usize::from(instruction_length(first))) {
        *place = byte(at + n as u32).unwrap_or(0);
    }
    let instruction = Instruction(bytes);
    let hex: String = instruction.bytes().iter().map(|byte| format!("{byte:02X}")).collect();
    format!("{at:06X}  {hex:<12}  {}", disassemble(instruction))
}

fn describe(text: &mut String, wanted: &End, got: &End) {
    for n in 0..16 {
        if wanted.state.gr[n] != got.state.gr[n] {
            let _ = writeln!(text, "  general register {n}: {:08X}, not {:08X}", wanted.state.gr[n], got.state.gr[n]);
        }
    }
    let (mut a, mut b) = (wanted.state.clone(), got.state.clone());
    (a.gr, b.gr) = ([0; 16], [0; 16]);
    if a != b {
        let _ = writeln!(text, "  other state: {a:X?}\n  not          {b:X?}");
    }
    let bytes = wanted.storage.iter().zip(&got.storage).enumerate().filter(|(_, (a, b))| a != b);
    for (at, (a, b)) in bytes.take(16) {
        let _ = writeln!(text, "  storage at {at:06X}: {a:02X}, not {b:02X}");
    }
    for (block, (a, b)) in wanted.keys.iter().zip(&got.keys).enumerate().filter(|(_, (a, b))| a != b) {
        let _ = writeln!(text, "  key of the block at {:06X}: {a:02X}, not {b:02X}", block * BLOCK as usize);
    }
    if (wanted.executed, wanted.stop) != (got.executed, got.stop) {
        let (a, b) = ((wanted.executed, wanted.stop), (got.executed, got.stop));
        let _ = writeln!(text, "  executed {a:?}, not {b:?}");
    }
    if got.taken.is_some() && wanted.taken != got.taken {
        let _ = writeln!(text, "  interruptions {:X?}\n  not           {:X?}", wanted.taken, got.taken);
    }
    if wanted.bus != got.bus {
        let _ = writeln!(text, "  bus {:X?}, not {:X?}", wanted.bus, got.bus);
    }
}
