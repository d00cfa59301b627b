//! `cambridge probe`: one machine state in, one machine state out, a line of JSON each.
//!
//! Every case runs on a machine of its own after a clear reset. Only the host memory of main storage is used again, at
//! a cost in proportion to what the case before it touched.

mod case;
mod field;
mod serve;

use std::sync::Arc;

use s370_arch::psw::Psw;
use s370_cpu::{
    bus::NoDevices,
    machine::Machine,
    processor::Engine,
    state::{CpuState, Model},
    storage::Storage,
};

pub use self::{
    case::{Case, CaseError, DEFAULT_STORAGE_SIZE, DEFAULT_TOD, LARGEST_DUMP, LARGEST_STORAGE, Run},
    serve::{ABOUT, EXAMPLE, LONG_ABOUT, Options, serve},
};
use crate::report::{Ending, LISTED_INTERRUPTIONS, Report, push_string};

/// Main storages of different sizes that are kept for further cases.
const KEPT_STORAGES: usize = 4;

/// Runs cases, one after the other, none of which leaves anything to the next.
#[derive(Debug, Default)]
pub struct Probe {
    engine: Engine,
    /// The last one used stands last.
    storages: Vec<Arc<Storage>>,
}

impl Probe {
    /// A probe that uses this engine for cases that name none.
    #[must_use]
    pub fn new(engine: Engine) -> Probe {
        Probe { engine, storages: Vec::new() }
    }

    /// Runs the case on a line and appends the result, or an error in its place, and a line end. Tells whether the case
    /// ran.
    pub fn answer(&mut self, line: &[u8], out: &mut Vec<u8>) -> bool {
        let outcome = Case::parse(line).and_then(|case| Ok((self.run(&case)?, case.id)));
        match &outcome {
            Ok((report, id)) => report.write_json(id, out),
            Err(error) => {
                out.extend(b"{\"id\":");
                match case::find_id(line) {
                    Some(id) => push_string(out, &id),
                    None => out.extend(b"null"),
                }
                out.extend(b",\"error\":");
                push_string(out, &error.to_string());
                out.push(b'}');
            }
        }
        out.push(b'\n');
        outcome.is_ok()
    }

    /// Runs a case.
    ///
    /// # Errors
    /// There is no storage of the size it wants; [`Case::parse`] lets none such through.
    pub fn run(&mut self, case: &Case<'_>) -> Result<Report, CaseError> {
        let storage = self.storage(case.storage_size)?;
        fill(&storage, case);
        let mut machine = Machine::new(start_state(case), Arc::clone(&storage));
        machine.processor.engine = case.engine.unwrap_or(self.engine);
        machine.log.capacity = LISTED_INTERRUPTIONS;
        if let Err(early) = machine.processor.load_psw(Psw::parse(case.psw)) {
            machine.take(early);
        }
        let (instructions, stop) = machine.run(&mut NoDevices, case.run.instructions);
        let keys: Vec<u32> = case.keys.iter().map(|&(at, _)| at).collect();
        let report = Report::of(&machine, Ending::of(stop, case.run.until_wait), instructions, &case.dump, &keys);
        self.keep(storage);
        Ok(report)
    }

    /// Main storage of this size, all zero.
    fn storage(&mut self, size: u32) -> Result<Arc<Storage>, CaseError> {
        if let Some(place) = self.storages.iter().position(|storage| storage.size() == size) {
            let mut storage = self.storages.remove(place);
            if let Some(alone) = Arc::get_mut(&mut storage) {
                alone.clear();
                return Ok(storage);
            }
        }
        let storage = Storage::new(u64::from(size))
            .map_err(|error| CaseError::Value { place: "storage_size".to_owned(), message: error.to_string() })?;
        Ok(Arc::new(storage))
    }

    fn keep(&mut self, storage: Arc<Storage>) {
        if self.storages.len() == KEPT_STORAGES {
            self.storages.remove(0);
        }
        self.storages.push(storage);
    }
}

fn fill(storage: &Storage, case: &Case<'_>) {
    let mut start = 0;
    for &(at, end) in &case.storage {
        storage.store(at, &case.bytes[start..end]);
        start = end;
    }
    for &(at, key) in &case.keys {
        storage.set_key(at, key);
    }
}

fn start_state(case: &Case<'_>) -> CpuState {
    let mut state = CpuState::new(Model::default());
    state.gr = case.gr;
    state.fpr = case.fpr;
    state.cr = case.cr;
    state.set_tod(case.tod);
    state
}

/// Runs one case with nothing kept, and gives the line that [`Probe::answer`] gives, without its end.
#[must_use]
pub fn run_case(line: &str) -> String {
    let mut out = Vec::new();
    Probe::default().answer(line.as_bytes(), &mut out);
    out.pop();
    String::from_utf8_lossy(&out).into_owned()
}
