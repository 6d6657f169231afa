//! A bounded queue of jobs and the low-priority threads that run them.

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

/// The limits of a queue.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The maximum number of threads.
    pub(super) threads: usize,
    /// The maximum number of jobs that wait for a thread.
    pub(super) waiting: usize,
    /// How long a job may wait before it is refused.
    pub(super) patience: Duration,
    /// How long a thread without work keeps its memory before it ends.
    pub(super) idle: Duration,
}

/// Runs jobs for callers on any executor. Threads start when there is work and end when there is
/// none.
///
/// Dropping the queue refuses the waiting jobs. Its threads end after their current job; the drop
/// does not wait for them.
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
    /// The number of running threads.
    workers: usize,
    /// How many of them wait for work.
    idle_workers: usize,
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

    /// Runs `work` on one of the threads. If the future is dropped before the work has begun, the
    /// work is not run.
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
            // Jobs of callers that have gone away make room.
            state.jobs.retain(|job| !job.work.is_abandoned());
        }
        if state.jobs.len() >= self.shared.limits.waiting {
            return Err(HashError::Busy);
        }
        state.jobs.push_back(Job { queued: now(), work });
        // Numbers are compared, because an idle thread may have been woken for an earlier job
        // without having taken it yet.
        if state.idle_workers >= state.jobs.len() || state.workers >= self.shared.limits.threads {
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
        // There is no thread to run the jobs, so none may wait.
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
        // Dropped after the lock is released, because dropping a job wakes its caller, which may
        // call the queue.
        drop(refused);
        self.shared.changed.notify_all();
    }
}

impl Shared {
    /// Runs jobs until the thread is to end.
    fn work(&self) {
        let mut memory = Memory::default();
        while let Some(job) = self.next() {
            if job.work.is_abandoned() {
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

    /// Waits for the next job in order of arrival, or returns `None` if the thread is to end.
    fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        let mut timed_out = false;
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.closed || timed_out {
                state.workers -= 1;
                return None;
            }
            state.idle_workers += 1;
            let (woken, timeout) =
                self.changed.wait_timeout(state, self.limits.idle).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle_workers -= 1;
            timed_out = timeout.timed_out();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

trait Work: Send {
    /// Whether the caller has gone away.
    fn is_abandoned(&self) -> bool;
    /// Reports [`HashError::Busy`] to the caller.
    fn refuse(self: Box<Self>);
    fn run(self: Box<Self>, memory: &mut Memory);
}

struct Task<T, F> {
    work: F,
    answer: oneshot::Sender<Result<T, HashError>>,
}

impl<T: Send, F: FnOnce(&mut Memory) -> Result<T, HashError> + Send> Work for Task<T, F> {
    fn is_abandoned(&self) -> bool {
        self.answer.is_canceled()
    }

    fn refuse(self: Box<Self>) {
        // An error, here and below, means that the caller has gone away.
        let _ = self.answer.send(Err(HashError::Busy));
    }

    fn run(self: Box<Self>, memory: &mut Memory) {
        let outcome = (self.work)(memory);
        let _ = self.answer.send(outcome);
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a job waits is not part of any account")]
fn now() -> Instant {
    Instant::now()
}

/// Gives way to the threads that serve requests. Without it, hashing on all cores triples the
/// latency of everything else.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{getpriority_process, setpriority_process};
        // On Linux "this process" is the calling thread alone. A failure costs latency, not
        // correctness.
        let current = getpriority_process(None).unwrap_or(0);
        let _ = setpriority_process(None, current.saturating_add(10).min(19));
    }
}

#[cfg(test)]
mod tests;
