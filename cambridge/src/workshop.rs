//! The thread on which hot code is compiled while the processor goes on with the interpreter.

use std::{
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Instant,
};

use s370_cpu::translate::job::{Finished, Job, Worker, Workshop};

/// A thread that ends when this is dropped and its last job is done.
pub struct Thread {
    jobs: Sender<Job>,
    finished: Receiver<Finished>,
}

impl Thread {
    /// Starts the thread.
    ///
    /// # Errors
    /// The host has none.
    pub fn start() -> std::io::Result<Thread> {
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
        Ok(Thread { jobs, finished })
    }
}

impl Workshop for Thread {
    fn submit(&mut self, job: Job) {
        // A thread that is gone does nothing more, and the interpreter goes on.
        let _ = self.jobs.send(job);
    }

    fn finished(&mut self) -> Option<Finished> {
        self.finished.try_recv().ok()
    }
}
