//! Loads accounts by id and batches concurrent loads.
//!
//! Loads without attachments, such as those of session checks, are sent individually while few of
//! them are in progress. Further loads wait until one of those has returned and then share a
//! statement. An idle server thus answers with the lowest latency, and a busy one receives fewer
//! statements.
//!
//! No load depends on the others: one that waits for too long, or whose batch fails, is sent
//! individually.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_channel::oneshot;
use tokio::{runtime::Handle, time::timeout};

use super::{
    connections::{Connections, Deadline},
    rows::{AccountRow, column},
    statements::Statements,
};
use crate::{
    model::UserId,
    ports::{Parts, StoreError},
};

/// How many statements are in progress before loads are batched.
const MAX_IN_PROGRESS: usize = 4;
/// How many loads share a statement.
const MAX_BATCH: usize = 64;
/// How long a load waits for a batch. A statement takes far less, unless the server hangs or the
/// application does not poll the futures of the loads in progress.
const MAX_WAIT: Duration = Duration::from_millis(100);

type Loaded = Result<Option<AccountRow>, StoreError>;

pub(super) struct Loader(Arc<Inner>);

struct Inner {
    connections: Connections,
    statements: Arc<Statements>,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    /// Single loads and batch runners.
    in_progress: usize,
    waiting: Vec<Request>,
}

struct Request {
    id: UserId,
    known: Option<i64>,
    reply: oneshot::Sender<Option<AccountRow>>,
}

/// A load in progress. When it is dropped, a [`BatchRunner`] takes its place if loads are waiting.
struct SingleLoad<'a>(&'a Arc<Inner>);

/// Sends batches until no load is waiting.
struct BatchRunner(Arc<Inner>);

impl Loader {
    pub(super) fn new(connections: Connections, statements: Arc<Statements>) -> Self {
        Self(Arc::new(Inner { connections, statements, queue: Mutex::default() }))
    }

    /// Loads an account. If its version is the `known` one, the texts are not read.
    pub(super) async fn load(&self, id: &UserId, known: Option<i64>, parts: Parts) -> Loaded {
        let mut deadline = self.0.connections.deadline();
        if parts == Parts::Whole {
            return self.0.load_one(id, known, parts, &mut deadline).await;
        }
        let waiting = self.0.queue().start_or_wait(id, known);
        let Some(reply) = waiting else {
            let single = SingleLoad(&self.0);
            return single.0.load_one(id, known, parts, &mut deadline).await;
        };
        match timeout(MAX_WAIT, reply).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(oneshot::Canceled)) | Err(_) => self.0.load_one(id, known, parts, &mut deadline).await,
        }
    }
}

impl Inner {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn load_one(
        &self,
        id: &UserId,
        known: Option<i64>,
        parts: Parts,
        deadline: &mut Deadline,
    ) -> Loaded {
        let Statements { body_by_id, body_if_changed, whole_by_id, whole_if_changed, .. } = &*self.statements;
        let (always, if_changed, attachment) = match parts {
            Parts::Body => (body_by_id, body_if_changed, None),
            Parts::Whole => (whole_by_id, whole_if_changed, Some(2)),
        };
        let rows = match &known {
            Some(known) => self.connections.read_within(deadline, if_changed, &[&id.as_str(), known]).await?,
            None => self.connections.read_within(deadline, always, &[&id.as_str()]).await?,
        };
        rows.first().map(|row| AccountRow::read(row, attachment)).transpose()
    }

    /// Answers all requests, or none if the statement fails. Their loads then go individually.
    async fn load_batch(&self, batch: Vec<Request>) {
        let found = self.read_batch(&batch).await.unwrap_or_default();
        for (request, found) in batch.into_iter().zip(found) {
            // The load may have been dropped.
            drop(request.reply.send(found));
        }
    }

    /// The accounts in the order of their requests.
    async fn read_batch(&self, batch: &[Request]) -> Result<Vec<Option<AccountRow>>, StoreError> {
        let ids: Vec<&str> = batch.iter().map(|request| request.id.as_str()).collect();
        let known: Vec<Option<i64>> = batch.iter().map(|request| request.known).collect();
        let rows = self.connections.read(&self.statements.bodies_if_changed, &[&ids, &known]).await?;
        let mut found: Vec<Option<AccountRow>> = batch.iter().map(|_| None).collect();
        for row in &rows {
            let place = usize::try_from(column::<i64>(row, 2)?).map_err(|_| StoreError::Corrupt)?;
            let place = found.get_mut(place.wrapping_sub(1)).ok_or(StoreError::Corrupt)?;
            *place = Some(AccountRow::read(row, None)?);
        }
        Ok(found)
    }
}

impl Queue {
    /// Adds a load to those in progress and returns `None`. If they are too many, adds it to the
    /// waiting ones and returns where to wait.
    fn start_or_wait(
        &mut self,
        id: &UserId,
        known: Option<i64>,
    ) -> Option<oneshot::Receiver<Option<AccountRow>>> {
        if self.in_progress < MAX_IN_PROGRESS {
            self.in_progress += 1;
            return None;
        }
        if self.waiting.len() == self.waiting.capacity() {
            self.remove_canceled();
        }
        let (reply, receiver) = oneshot::channel();
        self.waiting.push(Request { id: *id, known, reply });
        Some(receiver)
    }

    /// Takes the next batch; empty if no load is waiting.
    fn next_batch(&mut self) -> Vec<Request> {
        self.remove_canceled();
        let count = self.waiting.len().min(MAX_BATCH);
        self.waiting.drain(..count).collect()
    }

    fn remove_canceled(&mut self) {
        self.waiting.retain(|request| !request.reply.is_canceled());
    }
}

impl BatchRunner {
    async fn run(self) {
        loop {
            let batch = self.0.queue().next_batch();
            if batch.is_empty() {
                return;
            }
            self.0.load_batch(batch).await;
        }
    }
}

impl Drop for SingleLoad<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        if queue.waiting.is_empty() {
            queue.in_progress -= 1;
            return;
        }
        drop(queue);
        let runner = BatchRunner(Arc::clone(self.0));
        // Without a runtime, dropping the runner makes the waiting loads go individually.
        if let Ok(runtime) = Handle::try_current() {
            drop(runtime.spawn(runner.run()));
        }
    }
}

impl Drop for BatchRunner {
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        queue.in_progress -= 1;
        // Loads that arrived after the last batch, or all waiting ones if the runtime has ended.
        let left = std::mem::take(&mut queue.waiting);
        drop(queue);
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> UserId {
        format!("u{number}").parse().unwrap()
    }

    /// A queue with as many loads in progress as possible.
    fn busy() -> Queue {
        let mut queue = Queue::default();
        for number in 0..MAX_IN_PROGRESS {
            assert!(queue.start_or_wait(&id(number), None).is_none());
        }
        queue
    }

    #[test]
    fn waiting_loads_are_batched_in_their_order() {
        let mut queue = busy();
        let waiting: Vec<_> =
            (0..150).map(|number| queue.start_or_wait(&id(number), None).unwrap()).collect();
        let mut sent = Vec::new();
        for count in [MAX_BATCH, MAX_BATCH, 150 - 2 * MAX_BATCH, 0] {
            let batch = queue.next_batch();
            assert_eq!(batch.len(), count);
            sent.extend(batch.into_iter().map(|request| request.id));
        }
        assert_eq!(sent, (0..150).map(id).collect::<Vec<_>>());
        drop(waiting);
    }

    #[test]
    fn dropped_loads_take_no_memory_and_no_place() {
        let mut queue = busy();
        let stays = queue.start_or_wait(&id(0), None).unwrap();
        for number in 1..10_000 {
            drop(queue.start_or_wait(&id(number), None));
        }
        assert!(queue.waiting.len() < 100);
        assert_eq!(queue.next_batch().len(), 1);
        drop(stays);
    }
}
