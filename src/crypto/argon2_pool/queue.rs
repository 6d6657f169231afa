//! A bounded queue of work and the low-priority threads that do it.

use std::{
    collections::VecDeque,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use futures_channel::oneshot;

use super::memory::Memory;
use crate::ports::HashError;

/// What bounds a queue.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The most threads at a time.
    pub(super) threads: usize,
    /// The most jobs that wait for a thread.
    pub(super) waiting: usize,
    /// How long a job may wait before it is refused after all.
    pub(super) patience: Duration,
    /// How long a thread without work keeps itself and its memory.
    pub(super) idle: Duration,
}

/// Accepts work from any executor; threads start when there is work and end when there is none.
///
/// Dropping it refuses what still waits; threads end with the job in hand, and nobody waits for them.
pub(super) struct Queue {
    shared: Arc<Shared>,
}

struct Shared {
    limits: Limits,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// Threads started and not yet ended.
    workers: usize,
    /// Those of them that wait for work.
    resting: usize,
    closed: bool,
}

struct Job {
    queued: Instant,
    work: Box<dyn Work>,
}

impl Queue {
    pub(super) fn new(limits: Limits) -> Self {
        Self { shared: Arc::new(Shared { limits, state: Mutex::default(), changed: Condvar::new() }) }
    }

    pub(super) fn limits(&self) -> Limits {
        self.shared.limits
    }

    /// Has `work` done by one of the threads. Dropping the future takes back what has not begun.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let (answer, answered) = oneshot::channel();
        self.push(Box::new(Task { work, answer }))?;
        // The sender is lost without an answer if the work panicked.
        answered.await.unwrap_or(Err(HashError::Failed))
    }

    fn push(&self, work: Box<dyn Work>) -> Result<(), HashError> {
        let mut state = self.shared.lock();
        if state.jobs.len() >= self.shared.limits.waiting {
            // Places of callers that have gone away are free.
            state.jobs.retain(|job| !job.work.abandoned());
        }
        if state.jobs.len() >= self.shared.limits.waiting {
            return Err(HashError::Busy);
        }
        state.jobs.push_back(Job { queued: now(), work });
        // A resting thread may have been woken for an earlier job and not have come yet, hence the comparison of numbers.
        if state.resting >= state.jobs.len() || state.workers >= self.shared.limits.threads {
            drop(state);
            self.shared.changed.notify_one();
            return Ok(());
        }
        state.workers += 1;
        let number = state.workers;
        drop(state);
        self.start(number)
    }

    fn start(&self, number: usize) -> Result<(), HashError> {
        let shared = Arc::clone(&self.shared);
        let started = thread::Builder::new().name(format!("account-hash-{number}")).spawn(move || {
            lower_priority();
            shared.work();
        });
        if started.is_ok() {
            return Ok(());
        }
        let mut state = self.shared.lock();
        state.workers -= 1;
        if state.workers > 0 {
            drop(state);
            self.shared.changed.notify_one();
            return Ok(());
        }
        // Nobody is there to do the work, so nothing may wait for it.
        let stranded = mem::take(&mut state.jobs);
        drop(state);
        drop(stranded);
        Err(HashError::Failed)
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closed = true;
        let refused = mem::take(&mut state.jobs);
        drop(state);
        // Dropping a job wakes its caller, which may call back: not under the lock.
        drop(refused);
        self.shared.changed.notify_all();
    }
}

impl Shared {
    /// The life of one thread.
    fn work(&self) {
        let mut memory = Memory::default();
        while let Some(job) = self.next() {
            if job.work.abandoned() {
                continue;
            }
            if now().duration_since(job.queued) >= self.limits.patience {
                job.work.refuse();
                continue;
            }
            let done = catch_unwind(AssertUnwindSafe(|| job.work.run(&mut memory)));
            if done.is_err() {
                memory.release();
            }
        }
    }

    /// The job that has waited longest, or `None` if the thread is to end.
    fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        let mut rested = false;
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.closed || rested {
                state.workers -= 1;
                return None;
            }
            state.resting += 1;
            let (woken, rest) =
                self.changed.wait_timeout(state, self.limits.idle).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.resting -= 1;
            rested = rest.timed_out();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

trait Work: Send {
    /// Whether the caller has gone away.
    fn abandoned(&self) -> bool;
    fn refuse(self: Box<Self>);
    fn run(self: Box<Self>, memory: &mut Memory);
}

struct Task<T, F> {
    work: F,
    answer: oneshot::Sender<Result<T, HashError>>,
}

impl<T: Send, F: FnOnce(&mut Memory) -> Result<T, HashError> + Send> Work for Task<T, F> {
    fn abandoned(&self) -> bool {
        self.answer.is_canceled()
    }

    fn refuse(self: Box<Self>) {
        // An error here and below says that the caller has gone away meanwhile.
        let _ = self.answer.send(Err(HashError::Busy));
    }

    fn run(self: Box<Self>, memory: &mut Memory) {
        let outcome = (self.work)(memory);
        let _ = self.answer.send(outcome);
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a job waits is no time of any account")]
fn now() -> Instant {
    Instant::now()
}

/// Lets the threads that answer requests go first. Without it hashing on all cores triples the latency of everything else.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{getpriority_process, setpriority_process};
        // On Linux "this process" means the calling thread alone. A failure costs latency, not correctness.
        let current = getpriority_process(None).unwrap_or(0);
        let _ = setpriority_process(None, current.saturating_add(10).min(19));
    }
}

#[cfg(test)]
mod tests;
