//! Writing: one thread that commits all waiting jobs in one transaction.
//!
//! SQLite has one writer at a time and a commit waits for the disk, so jobs that arrive during a
//! commit share the next one.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
};

use futures_channel::oneshot;
use rusqlite::Connection;

use super::{error::store_error, job::Job, statements::Statements};
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
    pub(super) fn start(connection: Connection, statements: Arc<Statements>) -> io::Result<Self> {
        let (queue, jobs) = sync_channel(MAX_WAITING);
        let thread = thread::Builder::new()
            .name("account-sqlite".into())
            .spawn(move || File { connection, statements }.write_all(&jobs))?;
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

/// What the thread writes with.
struct File {
    connection: Connection,
    statements: Arc<Statements>,
}

impl File {
    fn write_all(&self, jobs: &Receiver<QueuedJob>) {
        while let Ok(first) = jobs.recv() {
            let mut batch = vec![first];
            batch.extend(jobs.try_iter().take(MAX_PER_COMMIT - 1));
            self.write_batch(batch);
        }
    }

    fn write_batch(&self, batch: Vec<QueuedJob>) {
        let outcome = self.commit(&batch);
        if outcome.is_err() && !self.connection.is_autocommit() {
            // If this fails too, the next BEGIN fails and reports it.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        match outcome {
            Ok(replies) => {
                batch.into_iter().zip(replies).for_each(|(queued, reply)| queued.answer(reply));
            }
            // A trigger of the application's has rolled everything back, or a deferred constraint
            // failed at the end. Alone, only the job that it refuses fails.
            Err(StoreError::Refused(_)) if batch.len() > 1 => {
                batch.into_iter().for_each(|queued| self.write_batch(vec![queued]));
            }
            // Rejected jobs too: the state they were rejected for was rolled back.
            Err(error) => {
                batch.into_iter().for_each(|queued| queued.answer(Err(SaveError::Failed(error.clone()))));
            }
        }
    }

    fn commit(&self, batch: &[QueuedJob]) -> Result<Vec<Reply>, StoreError> {
        self.run("BEGIN IMMEDIATE")?;
        let replies = batch.iter().map(|queued| self.apply(&queued.job)).collect::<Result<_, _>>()?;
        self.run("COMMIT")?;
        Ok(replies)
    }

    /// Applies one job of a transaction. A failed job is rolled back alone, unless SQLite has
    /// rolled back the whole transaction.
    fn apply(&self, job: &Job) -> Result<Reply, StoreError> {
        self.run("SAVEPOINT job")?;
        let reply = job.apply(&self.connection, &self.statements);
        if reply.is_err() {
            if self.connection.is_autocommit() {
                return Err(match reply {
                    Err(SaveError::Failed(error)) => error,
                    _ => StoreError::Unavailable(None),
                });
            }
            self.run("ROLLBACK TO job")?;
        }
        self.run("RELEASE job")?;
        Ok(reply)
    }

    fn run(&self, sql: &str) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(store_error)?;
        statement.execute([]).map(|_| ()).map_err(store_error)
    }
}

impl QueuedJob {
    fn answer(self, reply: Reply) {
        let _ = self.reply.send(reply);
    }
}
