//! Sends statements over pooled connections, each within a bounded time and never on a connection
//! that may be broken.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    time::Duration,
};

use deadpool_postgres::{Object, Pool};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_postgres::{
    Row,
    types::{ToSql, Type},
};

use super::{error::Failure, parameters::Parameter, statements::Statement};
use crate::ports::StoreError;

#[derive(Clone)]
pub(super) struct Connections {
    pub(super) pool: Pool,
    /// Whether statements are prepared once per connection, under a name.
    pub(super) prepared: bool,
    pub(super) timeout: Duration,
    /// Whether the store created the pool. Only then it may close idle connections.
    pub(super) is_own: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("PostgreSQL did not answer within {0:?}")]
pub(super) struct TimedOut(pub(super) Duration);

#[derive(Debug, thiserror::Error)]
#[error("the operation conflicted with others for {0:?}")]
struct Conflicts(Duration);

/// The time that one operation may take, over all its statements.
pub(super) struct Deadline {
    end: Instant,
    conflicts: u32,
}

/// Longer than any process runs, and still within the range of tokio's clock.
const MAX_TIMEOUT: Duration = Duration::from_secs(30 * 365 * 86400);

/// A connection in use. It returns to the pool only if it is taken out. Otherwise it is closed: a
/// statement that was abandoned may still occupy it, or its server may never answer.
struct Lease(Option<Object>);

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(Object::take(connection));
        }
    }
}

impl Connections {
    /// Starts the time of an operation.
    pub(super) fn deadline(&self) -> Deadline {
        Deadline { end: Instant::now() + self.timeout.min(MAX_TIMEOUT), conflicts: 0 }
    }

    /// Pauses after a conflict, for a random time that grows with the number of conflicts, so that
    /// the same operations do not conflict again.
    ///
    /// # Errors
    /// If the deadline does not allow it.
    pub(super) async fn back_off(&self, deadline: &mut Deadline) -> Result<(), StoreError> {
        let limit = 1 << deadline.conflicts.min(5);
        // A new `RandomState` has random keys.
        let pause = Duration::from_millis(RandomState::new().build_hasher().finish() % limit);
        if deadline.end.saturating_duration_since(Instant::now()) <= pause {
            return Err(StoreError::unavailable(Conflicts(self.timeout)));
        }
        deadline.conflicts += 1;
        sleep(pause).await;
        Ok(())
    }

    /// Sends a statement once.
    ///
    /// A statement that takes too long is not cancelled. If it is a commit that only waits for a
    /// standby, a cancellation would make it visible, and a later read would take it for a change
    /// that survives a failover. The server's own timeouts do not affect that wait.
    pub(super) async fn send(
        &self,
        statement: &Statement,
        parameters: &[Parameter<'_>],
        deadline: &Deadline,
    ) -> Result<Vec<Row>, Failure> {
        let mut lease = Lease(None);
        let answer = timeout_at(deadline.end, async {
            let connection = lease.0.insert(self.pool.get().await?);
            Ok(self.query(connection, statement, parameters).await?)
        })
        .await;
        match answer {
            // Closes the connection, because its state is unknown.
            Ok(Err(failure @ Failure::Failed(_))) => Err(failure),
            Ok(Err(failure @ Failure::Lost(_))) => {
                self.close_idle();
                Err(failure)
            }
            Ok(answer) => {
                drop(lease.0.take());
                answer
            }
            Err(_) => {
                // A healthy server would have reported its own, shorter timeout.
                if lease.0.is_some() {
                    self.close_idle();
                }
                Err(Failure::Failed(StoreError::unavailable(TimedOut(self.timeout))))
            }
        }
    }

    /// Closes the idle connections. They lead to the same server, which may be gone, hang, or no
    /// longer be the primary.
    fn close_idle(&self) {
        if self.is_own {
            self.pool.retain(|_, _| false);
        }
    }

    /// Sends a statement that changes nothing. Sends it again after a failure that may not recur:
    /// once after a lost connection, and after each conflict of serializable transactions.
    pub(super) async fn read(
        &self,
        statement: &Statement,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        self.read_within(&mut self.deadline(), statement, parameters).await
    }

    /// As [`read`](Self::read), for one of several statements of an operation.
    pub(super) async fn read_within(
        &self,
        deadline: &mut Deadline,
        statement: &Statement,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let mut was_lost = false;
        loop {
            match self.send(statement, parameters, deadline).await {
                Ok(rows) => return Ok(rows),
                Err(Failure::Lost(_)) if !was_lost => was_lost = true,
                Err(Failure::Conflict) => self.back_off(deadline).await?,
                Err(failure) => return Err(failure.into_error()),
            }
        }
    }

    async fn query(
        &self,
        connection: &Object,
        statement: &Statement,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        if self.prepared {
            let prepared = connection.prepare_typed_cached(&statement.sql, statement.types).await?;
            return connection.query(&prepared, parameters).await;
        }
        let typed: Vec<(&(dyn ToSql + Sync), Type)> =
            parameters.iter().copied().zip(statement.types.iter().cloned()).collect();
        connection.query_typed(&statement.sql, &typed).await
    }
}
