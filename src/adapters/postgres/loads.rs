//! Loads of accounts by id. Without their attachments they are what every session check does.
//!
//! Of these a few are sent at once, each for itself. Those that come while so many are under way wait until one is back, and then share a statement. So a
//! server with little to do answers as fast as it can, and one with much to do gets fewer statements.
//!
//! Nobody depends on the others: who waits for too long, or in vain, goes alone.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_channel::oneshot;
use tokio::{runtime::Handle, time::timeout};

use super::{
    connections::{Connections, Span},
    rows::{Found, column},
    statements::Statements,
};
use crate::{
    model::UserId,
    ports::{Parts, StoreError},
};

/// So many statements are under way before loads share one.
const AT_ONCE: usize = 4;
/// How many share a statement at most.
const SHARED: usize = 64;
/// How long the others are waited for: far longer than a statement takes, unless the server hangs, or whoever is under way is not polled.
const PATIENCE: Duration = Duration::from_millis(100);

type Answer = Result<Option<Found>, StoreError>;

pub(super) struct Loads(Arc<Sender>);

struct Sender {
    connections: Connections,
    statements: Arc<Statements>,
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
    answer: oneshot::Sender<Option<Found>>,
}

/// One of those that are under way by themselves. When it is back, those who wait go.
struct Alone<'a>(&'a Arc<Sender>);

/// One of those that are under way, for all who wait, until nobody does.
struct Together(Arc<Sender>);

impl Loads {
    pub(super) fn new(connections: Connections, statements: Arc<Statements>) -> Self {
        Self(Arc::new(Sender { connections, statements, queue: Mutex::default() }))
    }

    /// The account's present state, of which the version may be known.
    pub(super) async fn load(&self, id: &UserId, known: Option<i64>, parts: Parts) -> Answer {
        let mut span = self.0.connections.begin();
        if parts == Parts::Whole {
            return self.0.one(id, known, parts, &mut span).await;
        }
        let waits = self.0.queue().join(id, known);
        let Some(waits) = waits else {
            let alone = Alone(&self.0);
            return alone.0.one(id, known, parts, &mut span).await;
        };
        match timeout(PATIENCE, waits).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(oneshot::Canceled)) | Err(_) => self.0.one(id, known, parts, &mut span).await,
        }
    }
}

impl Sender {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn one(&self, id: &UserId, known: Option<i64>, parts: Parts, span: &mut Span) -> Answer {
        let Statements { body_by_id, body_if_changed, whole_by_id, whole_if_changed, .. } = &*self.statements;
        let (all, if_changed, attachment) = match parts {
            Parts::Body => (body_by_id, body_if_changed, None),
            Parts::Whole => (whole_by_id, whole_if_changed, Some(2)),
        };
        let rows = match &known {
            Some(known) => self.connections.read_within(span, if_changed, &[&id.as_str(), known]).await?,
            None => self.connections.read_within(span, all, &[&id.as_str()]).await?,
        };
        rows.first().map(|row| Found::of(row, attachment)).transpose()
    }

    /// Answers all, or nobody if it fails.
    async fn many(&self, wanted: Vec<Wanted>) {
        let ids: Vec<&str> = wanted.iter().map(|wanted| wanted.id.as_str()).collect();
        let known: Vec<Option<i64>> = wanted.iter().map(|wanted| wanted.known).collect();
        let rows = self.connections.read(&self.statements.bodies_if_changed, &[&ids, &known]).await;
        let found = rows.and_then(|rows| {
            let mut found: Vec<Option<Found>> = wanted.iter().map(|_| None).collect();
            for row in &rows {
                let place = usize::try_from(column::<i64>(row, 2)?).map_err(|_| StoreError::Corrupt)?;
                let place = found.get_mut(place.wrapping_sub(1)).ok_or(StoreError::Corrupt)?;
                *place = Some(Found::of(row, None)?);
            }
            Ok(found)
        });
        for (wanted, found) in wanted.into_iter().zip(found.unwrap_or_default()) {
            // Perhaps nobody waits for it any more.
            drop(wanted.answer.send(found));
        }
    }
}

impl Queue {
    /// A place among those who wait, or none if there is no need to: whoever joins is then under way.
    fn join(&mut self, id: &UserId, known: Option<i64>) -> Option<oneshot::Receiver<Option<Found>>> {
        if self.under_way < AT_ONCE {
            self.under_way += 1;
            return None;
        }
        if self.waiting.len() == self.waiting.capacity() {
            self.tidy();
        }
        let (answer, waits) = oneshot::channel();
        self.waiting.push(Wanted { id: *id, known, answer });
        Some(waits)
    }

    /// Those who go next. None is left in the end.
    fn next(&mut self) -> Vec<Wanted> {
        self.tidy();
        let many = self.waiting.len().min(SHARED);
        self.waiting.drain(..many).collect()
    }

    /// Those who have gone make room.
    fn tidy(&mut self) {
        self.waiting.retain(|wanted| !wanted.answer.is_canceled());
    }
}

impl Together {
    async fn go(self) {
        loop {
            let wanted = self.0.queue().next();
            if wanted.is_empty() {
                return;
            }
            self.0.many(wanted).await;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> UserId {
        format!("u{number}").parse().unwrap()
    }

    /// A queue with as many under way as may be.
    fn busy() -> Queue {
        let mut queue = Queue::default();
        for number in 0..AT_ONCE {
            assert!(queue.join(&id(number), None).is_none());
        }
        queue
    }

    #[test]
    fn all_who_wait_go_in_their_order_and_so_many_at_once() {
        let mut queue = busy();
        let waits: Vec<_> = (0..150).map(|number| queue.join(&id(number), None).unwrap()).collect();
        let mut gone = Vec::new();
        for many in [SHARED, SHARED, 150 - 2 * SHARED, 0] {
            let next = queue.next();
            assert_eq!(next.len(), many);
            gone.extend(next.into_iter().map(|wanted| wanted.id));
        }
        assert_eq!(gone, (0..150).map(id).collect::<Vec<_>>());
        drop(waits);
    }

    #[test]
    fn those_who_have_gone_take_no_room_and_no_place() {
        let mut queue = busy();
        let stays = queue.join(&id(0), None).unwrap();
        for number in 1..10_000 {
            drop(queue.join(&id(number), None));
        }
        assert!(queue.waiting.len() < 100);
        assert_eq!(queue.next().len(), 1);
        drop(stays);
    }
}
