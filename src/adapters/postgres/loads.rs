//! Loads of accounts by id, without their attachments: what every session check does.
//!
//! A few are sent at once, each for itself. Those that come while so many are under way wait until one is back, and then share a statement. So a
//! server with little to do answers as fast as it can, and one with much to do gets fewer statements.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_channel::oneshot;
use tokio::{runtime::Handle, time::timeout_at};

use super::{
    connections::{Connections, TimedOut},
    rows::{Found, column},
    statements::{Statement, Statements},
};
use crate::{model::UserId, ports::StoreError};

/// So many statements are under way before loads share one.
const AT_ONCE: usize = 4;
/// How many share a statement at most.
const SHARED: usize = 64;

type Answer = Result<Option<Found>, StoreError>;

pub(super) struct Loads(Arc<Sender>);

struct Sender {
    connections: Connections,
    one: Statement,
    one_if_changed: Statement,
    many_if_changed: Statement,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    under_way: usize,
    waiting: Vec<Wanted>,
}

struct Wanted {
    id: UserId,
    known: Option<i64>,
    answer: oneshot::Sender<Answer>,
}

/// One of those that are under way by themselves. When it is back, those who wait go.
struct Alone<'a>(&'a Arc<Sender>);

/// One of those that are under way, for all who wait, until nobody does.
struct Together(Arc<Sender>);

impl Loads {
    pub(super) fn new(connections: &Connections, statements: &Statements) -> Self {
        Self(Arc::new(Sender {
            connections: connections.clone(),
            one: statements.body_by_id.clone(),
            one_if_changed: statements.body_if_changed.clone(),
            many_if_changed: statements.bodies_if_changed.clone(),
            queue: Mutex::default(),
        }))
    }

    /// The account's present state, of which the version may be known.
    pub(super) async fn load(&self, id: &UserId, known: Option<i64>) -> Answer {
        let answer = {
            let mut queue = self.0.queue();
            if queue.under_way < AT_ONCE {
                queue.under_way += 1;
                None
            } else {
                let (sender, receiver) = oneshot::channel();
                queue.waiting.push(Wanted { id: *id, known, answer: sender });
                Some(receiver)
            }
        };
        let Some(answer) = answer else {
            let alone = Alone(&self.0);
            return alone.0.one(id, known).await;
        };
        let connections = &self.0.connections;
        match timeout_at(connections.begin().end, answer).await {
            Ok(Ok(answer)) => answer,
            // Whoever was to bring it is gone.
            Ok(Err(oneshot::Canceled)) => self.0.one(id, known).await,
            Err(_) => Err(StoreError::unavailable(TimedOut(connections.timeout))),
        }
    }
}

impl Sender {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn one(&self, id: &UserId, known: Option<i64>) -> Answer {
        let rows = match &known {
            Some(known) => self.connections.read(&self.one_if_changed, &[&id.as_str(), known]).await?,
            None => self.connections.read(&self.one, &[&id.as_str()]).await?,
        };
        rows.first().map(|row| Found::of(row, None)).transpose()
    }

    /// Answers each, or all with the same error.
    async fn many(&self, wanted: Vec<Wanted>) {
        let ids: Vec<&str> = wanted.iter().map(|wanted| wanted.id.as_str()).collect();
        let known: Vec<Option<i64>> = wanted.iter().map(|wanted| wanted.known).collect();
        let found = self.connections.read(&self.many_if_changed, &[&ids, &known]).await.and_then(|rows| {
            let mut found: Vec<Option<Found>> = wanted.iter().map(|_| None).collect();
            for row in &rows {
                let place = usize::try_from(column::<i64>(row, 2)?).map_err(|_| StoreError::Corrupt)?;
                let place = found.get_mut(place.wrapping_sub(1)).ok_or(StoreError::Corrupt)?;
                *place = Some(Found::of(row, None)?);
            }
            Ok(found)
        });
        match found {
            Ok(found) => wanted.into_iter().zip(found).for_each(|(wanted, found)| wanted.tell(Ok(found))),
            Err(error) => wanted.into_iter().for_each(|wanted| wanted.tell(Err(error.clone()))),
        }
    }
}

impl Wanted {
    /// Perhaps nobody waits for it any more.
    fn tell(self, answer: Answer) {
        drop(self.answer.send(answer));
    }
}

impl Together {
    async fn go(self) {
        loop {
            let wanted: Vec<Wanted> = {
                let mut queue = self.0.queue();
                queue.waiting.retain(|wanted| !wanted.answer.is_canceled());
                let many = queue.waiting.len().min(SHARED);
                queue.waiting.drain(..many).collect()
            };
            match wanted.len() {
                0 => return,
                1 => {
                    for wanted in wanted {
                        let answer = self.0.one(&wanted.id, wanted.known).await;
                        wanted.tell(answer);
                    }
                }
                _ => self.0.many(wanted).await,
            }
        }
    }
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        if queue.waiting.is_empty() {
            queue.under_way -= 1;
            return;
        }
        drop(queue);
        let together = Together(Arc::clone(self.0));
        // Without a runtime, those who wait are on their own.
        if let Ok(runtime) = Handle::try_current() {
            drop(runtime.spawn(together.go()));
        }
    }
}

impl Drop for Together {
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        queue.under_way -= 1;
        // Those who came at the last moment, or all of them if the runtime has ended.
        let left = std::mem::take(&mut queue.waiting);
        drop(queue);
        drop(left);
    }
}
