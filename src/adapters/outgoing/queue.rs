//! The queue, independent of providers and kinds of messages.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{Instant, timeout_at},
};

use super::{
    backoff::Backoff,
    undelivered::{OnFailure, QueueError, Undelivered, UndeliveredReason},
};
use crate::ports::SendError;

/// Longer than any useful deadline, and still within the range of tokio's clock.
const MAX_WAIT: Duration = Duration::from_secs(60 * 60 * 24 * 365);

#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) capacity: usize,
    pub(super) parallel: usize,
    pub(super) attempt: Duration,
    pub(super) patience: Duration,
    pub(super) backoff: Backoff,
}

/// One attempt to send a message.
pub(super) type Attempt = Pin<Box<dyn Future<Output = Result<(), SendError>> + Send>>;

pub(super) struct Queue {
    limits: Limits,
    capacity: u32,
    /// One permit for each message that can wait.
    slots: Arc<Semaphore>,
    /// One permit for each attempt that can be in progress.
    attempts: Semaphore,
    phase: watch::Sender<Phase>,
    given_up: AtomicU64,
    interrupted: AtomicUsize,
    on_failure: Option<OnFailure>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Open,
    Draining,
    Stopped,
}

/// The attempts made for one message.
#[derive(Default)]
struct Progress {
    attempts: u32,
    last_error: Option<SendError>,
}

impl Queue {
    pub(super) fn new(limits: Limits, on_failure: Option<OnFailure>) -> Arc<Self> {
        let capacity = u32::try_from(limits.capacity.clamp(1, Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
        Arc::new(Self {
            limits,
            capacity,
            slots: Arc::new(Semaphore::new(capacity as usize)),
            attempts: Semaphore::new(limits.parallel.clamp(1, Semaphore::MAX_PERMITS)),
            phase: watch::Sender::new(Phase::Open),
            given_up: AtomicU64::new(0),
            interrupted: AtomicUsize::new(0),
            on_failure,
        })
    }

    pub(super) fn waiting(&self) -> usize {
        (self.capacity as usize).saturating_sub(self.slots.available_permits())
    }

    pub(super) fn given_up(&self) -> u64 {
        self.given_up.load(Ordering::Relaxed)
    }

    /// Accepts a message that is useful for `lifetime`. Never waits.
    pub(super) fn accept(
        self: &Arc<Self>,
        notice: &'static str,
        lifetime: Duration,
        attempt: impl Fn() -> Attempt + Send + Sync + 'static,
    ) -> Result<(), SendError> {
        let reject = |reason, error| {
            self.report(notice, reason, Progress::default());
            Err(SendError::temporary(error))
        };
        let is_open = *self.phase.borrow() == Phase::Open;
        let (true, Ok(runtime)) = (is_open, Handle::try_current()) else {
            return reject(UndeliveredReason::Closed, QueueError::Closed);
        };
        let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
            return reject(UndeliveredReason::Full, QueueError::Full);
        };
        let deadline = Instant::now() + lifetime.min(self.limits.patience).min(MAX_WAIT);
        runtime.spawn(Arc::clone(self).deliver(notice, deadline, attempt, slot));
        Ok(())
    }

    pub(super) async fn drain(&self, patience: Duration) -> usize {
        self.enter(Phase::Draining);
        let all_sent = self.slots.acquire_many(self.capacity);
        if timeout_at(Instant::now() + patience.min(MAX_WAIT), all_sent).await.is_ok() {
            return 0;
        }
        self.enter(Phase::Stopped);
        // The tasks no longer wait for anything, but still have to run to report their messages.
        let _ = self.slots.acquire_many(self.capacity).await;
        self.interrupted.load(Ordering::Relaxed)
    }

    fn enter(&self, phase: Phase) {
        self.phase.send_modify(|current| *current = phase.max(*current));
    }

    async fn deliver(
        self: Arc<Self>,
        notice: &'static str,
        deadline: Instant,
        attempt: impl Fn() -> Attempt + Send + Sync,
        slot: OwnedSemaphorePermit,
    ) {
        let mut progress = Progress::default();
        let outcome = self.unless_stopped(self.try_until(deadline, attempt, &mut progress)).await;
        if let Err(reason) = outcome.unwrap_or(Err(UndeliveredReason::Interrupted)) {
            self.report(notice, reason, progress);
        }
        drop(slot);
    }

    async fn try_until(
        &self,
        deadline: Instant,
        attempt: impl Fn() -> Attempt,
        progress: &mut Progress,
    ) -> Result<(), UndeliveredReason> {
        loop {
            let permit = timeout_at(deadline, self.attempts.acquire()).await;
            if Instant::now() >= deadline {
                return Err(UndeliveredReason::Expired);
            }
            progress.attempts += 1;
            let Err(error) = self.try_once(attempt(), deadline).await else { return Ok(()) };
            drop(permit);
            let is_permanent = error.is_permanent();
            progress.last_error = Some(error);
            if is_permanent {
                return Err(UndeliveredReason::Refused);
            }
            let next_attempt = Instant::now() + self.limits.backoff.after(progress.attempts).min(MAX_WAIT);
            if next_attempt >= deadline {
                return Err(UndeliveredReason::Expired);
            }
            self.pause_until(next_attempt).await;
        }
    }

    /// Runs the attempt in its own task, so that a panic ends nothing else.
    async fn try_once(&self, attempt: Attempt, deadline: Instant) -> Result<(), SendError> {
        let mut tasks = JoinSet::new();
        tasks.spawn(attempt);
        let limit = deadline.min(Instant::now() + self.limits.attempt.min(MAX_WAIT));
        match timeout_at(limit, tasks.join_next()).await {
            Ok(Some(Ok(outcome))) => outcome,
            Ok(_) => Err(SendError::permanent(QueueError::Panicked)),
            Err(_) => Err(SendError::temporary(QueueError::TimedOut)),
        }
    }

    /// Waits until the instant. The beginning of draining ends the wait early, but only once: later
    /// attempts keep their delays.
    async fn pause_until(&self, instant: Instant) {
        let mut phase = self.phase.subscribe();
        let next = if *phase.borrow_and_update() == Phase::Open { Phase::Draining } else { Phase::Stopped };
        let _ = timeout_at(instant, phase.wait_for(|phase| *phase >= next)).await;
    }

    async fn unless_stopped<O>(&self, work: impl Future<Output = O>) -> Option<O> {
        let mut phase = self.phase.subscribe();
        let mut stopped = pin!(phase.wait_for(|phase| *phase == Phase::Stopped));
        let mut work = pin!(work);
        poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => stopped.as_mut().poll(context).map(|_| None),
        })
        .await
    }

    fn report(&self, notice: &'static str, reason: UndeliveredReason, progress: Progress) {
        self.given_up.fetch_add(1, Ordering::Relaxed);
        if reason == UndeliveredReason::Interrupted {
            self.interrupted.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(on_failure) = &self.on_failure {
            let Progress { attempts, last_error } = progress;
            on_failure(&Undelivered { notice, attempts, reason, last_error });
        }
    }
}
