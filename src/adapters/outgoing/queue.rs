//! The queue itself, which knows neither providers nor messages.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{Instant, timeout_at},
};

use super::{OnFailure, QueueError, Undelivered, UndeliveredReason, backoff::Backoff};
use crate::ports::SendError;

/// Later than any deadline that matters, and still a point in time that tokio's clock can hold.
const FAR: Duration = Duration::from_secs(60 * 60 * 24 * 365);

#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) capacity: usize,
    pub(super) parallel: usize,
    pub(super) attempt: Duration,
    pub(super) patience: Duration,
    pub(super) backoff: Backoff,
}

/// One attempt to hand a message over.
pub(super) type Attempt = Pin<Box<dyn Future<Output = Result<(), SendError>> + Send>>;

pub(super) struct Queue {
    limits: Limits,
    capacity: u32,
    /// One place for each message that may wait.
    places: Arc<Semaphore>,
    /// One turn for each attempt that may be under way.
    turns: Semaphore,
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

/// What has become of one message.
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
            places: Arc::new(Semaphore::new(capacity as usize)),
            turns: Semaphore::new(limits.parallel.clamp(1, Semaphore::MAX_PERMITS)),
            phase: watch::Sender::new(Phase::Open),
            given_up: AtomicU64::new(0),
            interrupted: AtomicUsize::new(0),
            on_failure,
        })
    }

    pub(super) fn waiting(&self) -> usize {
        (self.capacity as usize).saturating_sub(self.places.available_permits())
    }

    pub(super) fn given_up(&self) -> u64 {
        self.given_up.load(Ordering::Relaxed)
    }

    /// Takes a message on, never waiting for anything.
    pub(super) fn accept(
        self: &Arc<Self>,
        notice: &'static str,
        useful: Duration,
        attempt: impl Fn() -> Attempt + Send + Sync + 'static,
    ) -> Result<(), SendError> {
        let refuse = |reason, error| {
            self.report(notice, reason, Progress::default());
            Err(SendError::temporary(error))
        };
        let is_open = *self.phase.borrow() == Phase::Open;
        let (true, Ok(runtime)) = (is_open, Handle::try_current()) else {
            return refuse(UndeliveredReason::Closed, QueueError::Closed);
        };
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return refuse(UndeliveredReason::Full, QueueError::Full);
        };
        let deadline = Instant::now() + useful.min(self.limits.patience).min(FAR);
        runtime.spawn(Arc::clone(self).see_through(notice, deadline, attempt, place));
        Ok(())
    }

    pub(super) async fn drain(&self, patience: Duration) -> usize {
        self.enter(Phase::Draining);
        let all_sent = self.places.acquire_many(self.capacity);
        if timeout_at(Instant::now() + patience.min(FAR), all_sent).await.is_ok() {
            return 0;
        }
        self.enter(Phase::Stopped);
        // Their tasks wait for nothing any more, but have to come round to reporting it.
        let _ = self.places.acquire_many(self.capacity).await;
        self.interrupted.load(Ordering::Relaxed)
    }

    fn enter(&self, phase: Phase) {
        self.phase.send_modify(|current| *current = phase.max(*current));
    }

    async fn see_through(
        self: Arc<Self>,
        notice: &'static str,
        deadline: Instant,
        attempt: impl Fn() -> Attempt + Send + Sync,
        place: OwnedSemaphorePermit,
    ) {
        let mut progress = Progress::default();
        let outcome = self.unless_stopped(self.try_until(deadline, attempt, &mut progress)).await;
        if let Err(reason) = outcome.unwrap_or(Err(UndeliveredReason::Interrupted)) {
            self.report(notice, reason, progress);
        }
        drop(place);
    }

    async fn try_until(
        &self,
        deadline: Instant,
        attempt: impl Fn() -> Attempt,
        progress: &mut Progress,
    ) -> Result<(), UndeliveredReason> {
        loop {
            let turn = timeout_at(deadline, self.turns.acquire()).await;
            if Instant::now() >= deadline {
                return Err(UndeliveredReason::Expired);
            }
            progress.attempts += 1;
            let Err(error) = self.try_once(attempt(), deadline).await else { return Ok(()) };
            drop(turn);
            let is_final = error.is_permanent();
            progress.last_error = Some(error);
            if is_final {
                return Err(UndeliveredReason::Refused);
            }
            let again = Instant::now() + self.limits.backoff.after(progress.attempts).min(FAR);
            if again >= deadline {
                return Err(UndeliveredReason::Expired);
            }
            self.pause_until(again).await;
        }
    }

    /// The attempt is a task of its own, so that a panic ends only itself; with the set it is aborted.
    async fn try_once(&self, attempt: Attempt, deadline: Instant) -> Result<(), SendError> {
        let mut tasks = JoinSet::new();
        tasks.spawn(attempt);
        let limit = deadline.min(Instant::now() + self.limits.attempt.min(FAR));
        match timeout_at(limit, tasks.join_next()).await {
            Ok(Some(Ok(outcome))) => outcome,
            Ok(_) => Err(SendError::permanent(QueueError::Panicked)),
            Err(_) => Err(SendError::temporary(QueueError::TimedOut)),
        }
    }

    /// A queue that begins to drain cuts the pause short, but only once, or else it would try without any pause.
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
            std::task::Poll::Ready(output) => std::task::Poll::Ready(Some(output)),
            std::task::Poll::Pending => stopped.as_mut().poll(context).map(|_| None),
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
