//! The one runner of the vectors: a case on an engine, in every surrounding that shall make no difference.

use std::{fmt::Write as _, sync::Arc};

use s370_arch::storage_key::{ACCESS, ALL, BLOCK, CHANGE, FETCH_PROTECTION, REFERENCE};
use s370_cpu::{
    machine::{Machine, Stop},
    processor::Engine,
    storage::Storage,
};

use crate::rehearsal::rehearse;
use crate::vector::{Case, Expectation, Layout, Picture, Start, Variant};

/// All engines.
pub const ENGINES: [Engine; 2] = [Engine::Slow, Engine::Fast];

/// Runs a case on an engine.
///
/// # Errors
/// The first variant that does not end as the case says, and how it differs.
pub fn check(case: &Case, engine: Engine) -> Result<(), String> {
    for variant in variants(case) {
        // Where nothing stands around it, there is nothing to translate it with.
        if engine == Engine::Translator && (variant.before == 0 || variant.executed) {
            continue;
        }
        let failed = |why: String| format!("{case}\n  {engine:?}, {}\n{why}", describe(variant));
        let start = case.start(variant).map_err(failed)?;
        let expected = case.expectation(&start).map_err(failed)?;
        let budget = u64::from(variant.before) + 1;
        let differences = run(&start, &expected, engine, budget);
        if !differences.is_empty() {
            return Err(failed(differences));
        }
    }
    Ok(())
}

fn describe(variant: Variant) -> String {
    let Variant { ec, cc, layout, executed, before } = variant;
    let mut text = format!("{} mode, condition code {cc} before", if ec { "EC" } else { "BC" });
    let _ = write!(text, ", pages of {} in segments of {}", layout.page, layout.segment);
    if executed {
        text.push_str(", as the target of EXECUTE");
    }
    if before != 0 {
        let _ = write!(text, ", {before} instructions before it");
    }
    text
}

/// The surroundings in which a case is run.
fn variants(case: &Case) -> Vec<Variant> {
    let modes: &[bool] = if case.any_mode() { &[false, true] } else { &[false] };
    let layouts = if case.any_layout() { &Layout::ALL[..] } else { &Layout::ALL[..1] };
    let codes = if case.starts_with("cc") { 0..1 } else { 0..4 };
    let mut variants = Vec::new();
    for &ec in modes {
        for &layout in layouts {
            let plain = Variant { ec, cc: codes.end - 1, layout, executed: false, before: 0 };
            // Each condition code once; what else varies has nothing to do with it.
            let codes = if variants.is_empty() { codes.clone() } else { 0..1 };
            variants.extend(codes.map(|cc| Variant { cc, ..plain }));
            if case.can_be_embedded() {
                variants.push(Variant { before: 4, ..plain });
            }
            if case.can_be_executed() {
                variants.push(Variant { executed: true, ..plain });
                variants.push(Variant { executed: true, before: 3, ..plain });
            }
        }
    }
    variants
}

/// Runs a start and describes how the end differs from what is expected; empty when it does not.
fn run(start: &Start, expected: &Expectation, engine: Engine, budget: u64) -> String {
    let storage = match storage_of(&start.picture) {
        Ok(storage) => Arc::new(storage),
        Err(why) => return why,
    };
    let mut machine = Machine::new(start.picture.state.clone(), Arc::clone(&storage));
    machine.processor.engine = engine;
    machine.processor.instruction_time = 0;
    machine.log.capacity = 4;
    let mut bus = start.bus.clone();
    if engine == Engine::Translator {
        machine = rehearse(machine, &start.picture, &|| Box::new(start.bus.clone()), budget as usize, budget);
    }
    let (executed, stop) = machine.run(&mut bus, budget);

    let mut report = Report::default();
    report.difference("instructions executed", &budget, &executed);
    report.difference("stop", &stop_name(expected.stop), &stop_name(stop));
    report.difference("asked of the bus", &expected.asked, &bus.asked);
    report.interruptions(expected, &machine);
    report.state(&expected.picture, &machine);
    report.storage(&start.picture, &expected.picture, &storage);
    report.keys(start, expected, &storage);
    report.0
}

fn stop_name(stop: Stop) -> &'static str {
    match stop {
        Stop::Count => "none",
        Stop::Wait => "wait",
        Stop::Stopped => "stopped",
        Stop::CheckStop => "check-stop",
    }
}

fn storage_of(picture: &Picture) -> Result<Storage, String> {
    let storage = Storage::new(picture.storage.len() as u64).map_err(|error| error.to_string())?;
    storage.store(0, &picture.storage);
    for (block, key) in picture.keys.iter().enumerate() {
        storage.set_key(block as u32 * BLOCK, *key);
    }
    Ok(storage)
}

/// The differences found.
#[derive(Default)]
struct Report(String);

impl Report {
    fn difference<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, expected: &T, got: &T) {
        if expected != got {
            let _ = writeln!(self.0, "  {what}: expected {expected:X?}, got {got:X?}");
        }
    }

    fn interruptions(&mut self, expected: &Expectation, machine: &Machine) {
        let names = |list: Vec<(s370_arch::interruption::Class, u16)>| {
            list.iter().map(|(class, code)| format!("{class:?} {code:04X}")).collect::<Vec<_>>().join(", ")
        };
        let wanted =
            expected.interruptions.iter().map(|int| (int.class, int.code | if int.per.is_some() { 0x80 } else { 0 }));
        let taken = machine.log.taken.iter().map(|int| (int.interruption.class(), int.interruption.code_and_ilc().0));
        self.difference("interruptions", &names(wanted.collect()), &names(taken.collect()));
    }

    fn state(&mut self, expected: &Picture, machine: &Machine) {
        let (mut want, mut got) = (expected.state.clone(), machine.processor.state.clone());
        for n in 0..16 {
            let mask = expected.gr_mask[n];
            self.difference(&format!("general register {n}"), &(want.gr[n] & mask), &(got.gr[n] & mask));
            self.difference(&format!("control register {n}"), &want.cr[n], &got.cr[n]);
        }
        for n in 0..4 {
            let mask = expected.fpr_mask[n];
            let name = format!("floating-point register {}", 2 * n);
            self.difference(&name, &(want.fpr[n] & mask), &(got.fpr[n] & mask));
        }
        if !expected.cc_matters {
            want.psw.cc = got.psw.cc;
        }
        self.difference("PSW", &want.psw.emit(0, 0), &got.psw.emit(0, 0));
        (want.gr, want.cr, want.fpr, want.psw) = (got.gr, got.cr, got.fpr, got.psw);
        // The value that STORE CLOCK gave last is the processor's own affair.
        want.tod_last = got.tod_last;
        got.pending_per = None;
        self.difference("other state", &want, &got);
    }

    fn storage(&mut self, before: &Picture, expected: &Picture, storage: &Storage) {
        let mut got = vec![0; expected.storage.len()];
        storage.read(0, &mut got);
        if got == expected.storage {
            return;
        }
        let differs = |at: usize| {
            let mask = expected.storage_mask.get(&at).copied().unwrap_or(0xFF);
            (got[at] ^ expected.storage[at]) & mask != 0
        };
        for at in (0..got.len()).filter(|at| differs(*at)).take(20) {
            let (was, want, is) = (before.storage[at], expected.storage[at], got[at]);
            let _ = writeln!(self.0, "  storage at {at:06X}: was {was:02X}, expected {want:02X}, got {is:02X}");
        }
    }

    /// Keys that the result names are compared whole. Of the others, access control and fetch protection stay; the
    /// reference bit may come on, and so may the change bit where bytes are named; in those blocks they must.
    fn keys(&mut self, start: &Start, expected: &Expectation, storage: &Storage) {
        let interrupted = !expected.interruptions.is_empty();
        for block in 0..start.picture.keys.len() {
            let got = storage.key(block as u32 * BLOCK);
            let want = expected.picture.keys[block];
            let what = format!("key of the block at {:X}", block as u32 * BLOCK);
            if expected.picture.keys_named.contains(&block) {
                self.difference(&what, &want, &got);
                continue;
            }
            // Whether taking an interruption records a change is not the instruction's affair.
            let open = interrupted && block < 2 || expected.picture.keys_open.contains(&block);
            let named = expected.picture.blocks_named.contains(&block);
            let (compared, want) = match (open, named) {
                (true, _) => (ACCESS | FETCH_PROTECTION, want),
                (false, true) => (ALL, want | REFERENCE | CHANGE),
                (false, false) => (ALL & !REFERENCE, want),
            };
            self.difference(&what, &(want & compared), &(got & compared));
        }
    }
}
