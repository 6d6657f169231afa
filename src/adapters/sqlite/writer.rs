//! Writing: one thread that commits what has queued up as one transaction.
//!
//! SQLite has one writer at a time and a commit waits for the disk, so those who come while one commit is under way share the next.

use std::{
    io,
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread::{self, JoinHandle},
};

use futures_channel::oneshot;
use rusqlite::Connection;

use super::{job::Job, store_error};
use crate::ports::{SaveError, StoreError};

/// How many changes may wait. Beyond that the store answers that it is unavailable rather than let work pile up.
const MAX_WAITING: usize = 4096;
/// How many changes one transaction makes at the most, so that the first of them does not wait for long.
const MAX_PER_COMMIT: usize = 64;

type Answer = Result<u32, SaveError>;

/// The way to the writing thread. Dropping it waits until all that was handed over is done.
pub(super) struct Writer {
    /// `None` only while it is dropped.
    queue: Option<SyncSender<Ticket>>,
    thread: Option<JoinHandle<()>>,
}

struct Ticket {
    job: Job,
    /// Nobody may be listening any more; the job is done all the same.
    answer: oneshot::Sender<Answer>,
}

#[derive(Debug, thiserror::Error)]
#[error("too many changes are waiting to be written")]
struct QueueFull;

impl Writer {
    pub(super) fn start(connection: Connection) -> io::Result<Self> {
        let (queue, tickets) = sync_channel(MAX_WAITING);
        let thread = thread::Builder::new()
            .name("account-sqlite".into())
            .spawn(move || write(&connection, &tickets))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Has a job done; the answer comes when it is on the disk. A future that is dropped leaves the job whole.
    pub(super) async fn run(&self, job: Job) -> Answer {
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or(StoreError::Unavailable(None))?;
        queue.try_send(Ticket { job, answer }).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::unavailable(QueueFull),
            TrySendError::Disconnected(_) => StoreError::Unavailable(None),
        })?;
        answered.await.unwrap_or(Err(SaveError::Failed(StoreError::Unavailable(None))))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // If it panicked, it has told so itself.
            let _ = thread.join();
        }
    }
}

fn write(connection: &Connection, tickets: &Receiver<Ticket>) {
    while let Ok(first) = tickets.recv() {
        let mut batch = vec![first];
        batch.extend(tickets.try_iter().take(MAX_PER_COMMIT - 1));
        let outcome = commit(connection, &batch);
        if outcome.is_err() && !connection.is_autocommit() {
            // Whatever this answers, the next BEGIN will tell whether the connection is of use.
            let _ = connection.execute_batch("ROLLBACK");
        }
        match outcome {
            Ok(answers) => {
                batch.into_iter().zip(answers).for_each(|(ticket, answer)| tell(ticket, answer));
            }
            // Also those that were refused: what they were refused for has not happened.
            Err(error) => {
                batch.into_iter().for_each(|ticket| tell(ticket, Err(SaveError::Failed(error.clone()))));
            }
        }
    }
}

fn tell(ticket: Ticket, answer: Answer) {
    let _ = ticket.answer.send(answer);
}

fn commit(connection: &Connection, batch: &[Ticket]) -> Result<Vec<Answer>, StoreError> {
    run(connection, "BEGIN IMMEDIATE")?;
    let answers = batch.iter().map(|ticket| alone(connection, &ticket.job)).collect::<Result<_, _>>()?;
    run(connection, "COMMIT")?;
    Ok(answers)
}

/// Does one job of a transaction. If that fails it leaves no trace and the others go on, unless SQLite gave up the whole transaction.
fn alone(connection: &Connection, job: &Job) -> Result<Answer, StoreError> {
    run(connection, "SAVEPOINT job")?;
    let answer = job.apply(connection);
    if answer.is_err() {
        if connection.is_autocommit() {
            return Err(match answer {
                Err(SaveError::Failed(error)) => error,
                _ => StoreError::Unavailable(None),
            });
        }
        run(connection, "ROLLBACK TO job")?;
    }
    run(connection, "RELEASE job")?;
    Ok(answer)
}

fn run(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(store_error)?;
    statement.execute([]).map(|_| ()).map_err(store_error)
}
