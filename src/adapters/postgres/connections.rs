//! Sending statements: each on a connection of the pool, within bounded time, and none on a connection that may be spoilt.

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

use super::{error::Failure, statements::Statement, write::Parameter};
use crate::ports::StoreError;

#[derive(Clone)]
pub(super) struct Connections {
    pub(super) pool: Pool,
    /// Whether statements are prepared once per connection, under a name.
    pub(super) prepared: bool,
    pub(super) timeout: Duration,
    /// Whether the pool is the store's, and not one of the host's own, whose idle connections are not ours.
    pub(super) is_own: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("PostgreSQL did not answer within {0:?}")]
pub(super) struct TimedOut(pub(super) Duration);

#[derive(Debug, thiserror::Error)]
#[error("it collided with others for {0:?}")]
struct Collisions(Duration);

/// The time of one operation, whatever statements it takes.
pub(super) struct Span {
    end: Instant,
    collisions: u32,
}

/// Longer than any program runs.
const FOR_EVER: Duration = Duration::from_secs(30 * 365 * 86400);

impl Span {
    fn of(timeout: Duration) -> Self {
        Self { end: Instant::now() + timeout.min(FOR_EVER), collisions: 0 }
    }
}

/// A connection in use. It goes back to the pool only if it is taken out: whoever leaves in the middle leaves a statement behind on it, and
/// perhaps a server that will never answer.
struct Lease(Option<Object>);

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(Object::take(connection));
        }
    }
}

impl Connections {
    /// Begins an operation.
    pub(super) fn begin(&self) -> Span {
        Span::of(self.timeout)
    }

    /// Lets others go first, for a random while that grows with the collisions, so that those who met do not meet again.
    ///
    /// # Errors
    /// If there is no time for it.
    pub(super) async fn step_aside(&self, span: &mut Span) -> Result<(), StoreError> {
        let most = 1 << span.collisions.min(5);
        // The keys of a `RandomState` are random.
        let pause = Duration::from_millis(RandomState::new().build_hasher().finish() % most);
        if span.end.saturating_duration_since(Instant::now()) <= pause {
            return Err(StoreError::unavailable(Collisions(self.timeout)));
        }
        span.collisions += 1;
        sleep(pause).await;
        Ok(())
    }

    /// Sends a statement once.
    ///
    /// Nobody asks the server to cancel what takes too long. A commit that only waits for a standby would become visible by that, and who looks
    /// again would take it for one that a failover survives. The server's own limits do not reach that wait.
    pub(super) async fn send(
        &self,
        statement: &Statement,
        parameters: &[Parameter<'_>],
        span: &Span,
    ) -> Result<Vec<Row>, Failure> {
        let mut lease = Lease(None);
        let answer = timeout_at(span.end, async {
            let connection = lease.0.insert(self.pool.get().await?);
            Ok(self.ask(connection, statement, parameters).await?)
        })
        .await;
        match answer {
            // The next one gets a new connection.
            Ok(Err(failure @ Failure::Failed(_))) => Err(failure),
            Ok(Err(failure @ Failure::Lost(_))) => {
                self.distrust();
                Err(failure)
            }
            Ok(answer) => {
                drop(lease.0.take());
                answer
            }
            Err(_) => {
                // The server would have called it off by itself and said so.
                if lease.0.is_some() {
                    self.distrust();
                }
                Err(Failure::Failed(StoreError::unavailable(TimedOut(self.timeout))))
            }
        }
    }

    /// Closes the connections that lie idle: they lead to the same server, which may have gone, hang, or have given its place to another.
    fn distrust(&self) {
        if self.is_own {
            self.pool.retain(|_, _| false);
        }
    }

    /// Sends a statement that changes nothing; again if it failed for what another try may not meet: a connection that was lost since its last
    /// use, or a collision where transactions are serializable.
    pub(super) async fn read(
        &self,
        statement: &Statement,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        self.read_within(&mut self.begin(), statement, parameters).await
    }

    /// The same as a part of an operation.
    pub(super) async fn read_within(
        &self,
        span: &mut Span,
        statement: &Statement,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let mut was_lost = false;
        loop {
            match self.send(statement, parameters, span).await {
                Ok(rows) => return Ok(rows),
                Err(Failure::Lost(_)) if !was_lost => was_lost = true,
                Err(Failure::Collided | Failure::Taken) => self.step_aside(span).await?,
                Err(failure) => return Err(failure.into_error()),
            }
        }
    }

    async fn ask(
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
