//! Writing: one thread that commits all waiting jobs in one transaction.
//!
//! SQLite has one writer at a time and a commit waits for the disk, so jobs that arrive during a
//! commit share the next one.

use std::{
    io,
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread::{self, JoinHandle},
};

use futures_channel::oneshot;
use rusqlite::Connection;

use super::{error::store_error, job::Job};
use crate::ports::{SaveError, StoreError};

/// How many jobs can wait. The store reports that it is unavailable rather than let more pile up.
const MAX_WAITING: usize = 4096;
/// How many jobs share a transaction, so that the first of them does not wait for long.
const MAX_PER_COMMIT: usize = 64;

type Reply = Result<u32, SaveError>;

/// A handle to the writing thread. Dropping it waits until all accepted jobs are done.
pub(super) struct Writer {
    /// `None` only while the handle is dropped.
    queue: Option<SyncSender<QueuedJob>>,
    thread: Option<JoinHandle<()>>,
}

struct QueuedJob {
    job: Job,
    /// The job is done even if the receiver has been dropped.
    reply: oneshot::Sender<Reply>,
}

#[derive(Debug, thiserror::Error)]
#[error("too many changes are waiting to be written")]
struct QueueFull;

impl Writer {
    pub(super) fn start(connection: Connection) -> io::Result<Self> {
        let (queue, jobs) = sync_channel(MAX_WAITING);
        let thread = thread::Builder::new()
            .name("account-sqlite".into())
            .spawn(move || write_all(&connection, &jobs))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Runs a job and returns when its changes are on the disk. If the future is dropped, the job
    /// is still done.
    pub(super) async fn run(&self, job: Job) -> Reply {
        let (reply, replied) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or(StoreError::Unavailable(None))?;
        queue.try_send(QueuedJob { job, reply }).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::unavailable(QueueFull),
            TrySendError::Disconnected(_) => StoreError::Unavailable(None),
        })?;
        replied.await.unwrap_or(Err(SaveError::Failed(StoreError::Unavailable(None))))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // The panic hook has already reported a panic of the thread.
            let _ = thread.join();
        }
    }
}

fn write_all(connection: &Connection, jobs: &Receiver<QueuedJob>) {
    while let Ok(first) = jobs.recv() {
        let mut batch = vec![first];
        batch.extend(jobs.try_iter().take(MAX_PER_COMMIT - 1));
        write_batch(connection, batch);
    }
}

fn write_batch(connection: &Connection, batch: Vec<QueuedJob>) {
    let outcome = commit(connection, &batch);
    if outcome.is_err() && !connection.is_autocommit() {
        // If this fails too, the next BEGIN fails and reports it.
        let _ = connection.execute_batch("ROLLBACK");
    }
    match outcome {
        Ok(replies) => {
            batch.into_iter().zip(replies).for_each(|(queued, reply)| queued.answer(reply));
        }
        // A trigger of the application's has rolled everything back, or a deferred constraint
        // failed at the end. Alone, only the job that it refuses fails.
        Err(StoreError::Refused(_)) if batch.len() > 1 => {
            batch.into_iter().for_each(|queued| write_batch(connection, vec![queued]));
        }
        // Rejected jobs too: the state they were rejected for was rolled back.
        Err(error) => {
            batch.into_iter().for_each(|queued| queued.answer(Err(SaveError::Failed(error.clone()))));
        }
    }
}

impl QueuedJob {
    fn answer(self, reply: Reply) {
        let _ = self.reply.send(reply);
    }
}

fn commit(connection: &Connection, batch: &[QueuedJob]) -> Result<Vec<Reply>, StoreError> {
    run(connection, "BEGIN IMMEDIATE")?;
    let replies = batch.iter().map(|queued| apply(connection, &queued.job)).collect::<Result<_, _>>()?;
    run(connection, "COMMIT")?;
    Ok(replies)
}

/// Applies one job of a transaction. A failed job is rolled back alone, unless SQLite has rolled
/// back the whole transaction.
fn apply(connection: &Connection, job: &Job) -> Result<Reply, StoreError> {
    run(connection, "SAVEPOINT job")?;
    let reply = job.apply(connection);
    if reply.is_err() {
        if connection.is_autocommit() {
            return Err(match reply {
                Err(SaveError::Failed(error)) => error,
                _ => StoreError::Unavailable(None),
            });
        }
        run(connection, "ROLLBACK TO job")?;
    }
    run(connection, "RELEASE job")?;
    Ok(reply)
}

fn run(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(store_error)?;
    statement.execute([]).map(|_| ()).map_err(store_error)
}
