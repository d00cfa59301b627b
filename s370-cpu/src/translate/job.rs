//! Compilation as jobs: the processor hands out plans and takes code in, so that another thread can do the work. Where nobody
//! offers to, the processor does it itself, at the point where the plan is made.

use super::{
    compile::{Compiler, Trouble},
    emit::Surroundings,
    list,
    plan::Plan,
};

/// A region to be compiled.
pub struct Job {
    pub(super) plan: Plan,
    pub(super) surroundings: Surroundings,
    /// It is to be listed, too.
    pub(super) lists: bool,
    /// Which region it is.
    pub(super) ticket: Ticket,
}

/// What tells regions apart, also after all were forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    /// How often all regions had been forgotten.
    pub epoch: u64,
    /// The region's number.
    pub number: u32,
}

/// A job that is done.
pub struct Finished {
    pub(super) ticket: Ticket,
    pub(super) outcome: Result<Vec<u8>, Trouble>,
    pub(super) listing: Option<String>,
    /// How long it took in nanoseconds, for whoever has a clock to say.
    pub nanoseconds: u64,
}

/// Who does jobs: one for each thread.
#[derive(Default)]
pub struct Worker {
    compiler: Option<Compiler>,
}

impl Worker {
    /// Does a job.
    pub fn work(&mut self, job: &Job) -> Finished {
        let (outcome, listing) = match self.compile(job) {
            Ok((code, listing)) => (Ok(code), listing),
            Err(trouble) => (Err(trouble), None),
        };
        Finished { ticket: job.ticket, outcome, listing, nanoseconds: 0 }
    }

    fn compile(&mut self, job: &Job) -> Result<(Vec<u8>, Option<String>), Trouble> {
        let compiler = match &mut self.compiler {
            Some(compiler) => compiler,
            None => self.compiler.insert(Compiler::new()?),
        };
        let code = compiler.compile(&job.plan, job.surroundings, job.lists)?;
        let listing = job.lists.then(|| list(&job.plan, &compiler.listing()));
        Ok((code, listing))
    }
}

/// Where jobs are done while the processor goes on.
pub trait Workshop: Send {
    /// Takes a job in; gives it back if it cannot.
    fn submit(&mut self, job: Job) -> Option<Job>;
    /// A job that has been done, if there is one.
    fn finished(&mut self) -> Option<Finished>;
}
