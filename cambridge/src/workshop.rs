//! The thread on which hot code is compiled while the processor goes on with the interpreter.

use std::{
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Instant,
};

use s370_cpu::translate::job::{Finished, Job, Worker, Workshop};

/// A thread that begins with the first job, and ends when this is dropped and its last job is done.
#[derive(Default)]
pub struct Thread {
    ends: Option<(Sender<Job>, Receiver<Finished>)>,
}

impl Thread {
    fn start() -> std::io::Result<(Sender<Job>, Receiver<Finished>)> {
        let (jobs, to_do) = channel::<Job>();
        let (done, finished) = channel();
        thread::Builder::new().name("translator".into()).spawn(move || {
            let mut worker = Worker::default();
            for job in to_do {
                let begin = Instant::now();
                let mut product = worker.work(&job);
                product.nanoseconds = u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
                if done.send(product).is_err() {
                    return;
                }
            }
        })?;
        Ok((jobs, finished))
    }
}

impl Workshop for Thread {
    fn submit(&mut self, job: Job) -> Option<Job> {
        if self.ends.is_none() {
            self.ends = Thread::start().ok();
        }
        match &self.ends {
            Some((jobs, _)) => jobs.send(job).err().map(|refused| refused.0),
            None => Some(job),
        }
    }

    fn finished(&mut self) -> Option<Finished> {
        self.ends.as_ref()?.1.try_recv().ok()
    }
}
