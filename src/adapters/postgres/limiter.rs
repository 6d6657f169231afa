//! Counts requests in PostgreSQL, for several nodes together.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use tokio_postgres::Row;

use super::{PostgresStore, connections::Connections, error::Failure, statements::Statements};
use crate::{
    model::Timestamp,
    ports::{LimitKeyText, LimiterError, Quota, RateLimiter, StoreError, window_end},
};

/// So often a node clears away counters whose windows are over, and so many at the most: more than can have come since.
const HITS_PER_PURGE: u32 = 1_000;
const MAX_PURGED: i64 = 4_000;
/// How long a counter is kept beyond its window: the clocks of nodes differ.
const SLACK: Duration = Duration::from_secs(3600);

/// A [`RateLimiter`] in the tables of a [`PostgresStore`], that all nodes on the same schema share: for services of several nodes that have
/// no Redis. [`PostgresStore::limiter`] makes it.
///
/// It counts exactly as [`MemoryLimiter`](crate::MemoryLimiter) does: each hit is one statement on one row, and the nodes' clocks say which
/// window it belongs to. Windows that are over are cleared away by the way. It waits for the server as long as the store does; what cannot
/// be counted by then is an error. Should a connection break between a hit and its answer, the hit is sent again and may count twice.
///
/// The table `account_limits` is unlogged: a hit writes nothing to the write-ahead log and waits for no disk. The price is that a crash of the
/// server empties the table, and that a standby that takes over begins with an empty one. Whoever wants counts to survive that turns it
/// into a usual one: `ALTER TABLE account_limits SET LOGGED`.
///
/// # Security
/// Keys are digests and tell nothing of whom they stand for. Tries per code and failures per account are counted in the account and do not
/// depend on this table.
///
/// # Examples
/// ```no_run
/// use account::{AccountService, Config, MasterKey, PostgresStore};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = PostgresStore::connect("postgres://app:secret@db.example/app").await?;
/// let limiter = store.limiter();
/// let config = Config::new(MasterKey::generate()?);
/// let accounts = AccountService::builder(store).limiter(limiter).config(config).build()?;
/// # Ok(()) }
/// ```
pub struct PostgresLimiter(Arc<Inner>);

struct Inner {
    connections: Connections,
    statements: Arc<Statements>,
    hits: AtomicU32,
}

impl PostgresStore {
    /// A limiter that counts in the same schema, over the same connections.
    #[must_use]
    pub fn limiter(&self) -> PostgresLimiter {
        PostgresLimiter(Arc::new(Inner {
            connections: self.connections.clone(),
            statements: Arc::clone(&self.statements),
            hits: AtomicU32::new(0),
        }))
    }
}

#[async_trait]
impl RateLimiter for PostgresLimiter {
    async fn hit(
        &self,
        key: &LimitKeyText,
        max: u32,
        window: Duration,
        now: Timestamp,
    ) -> Result<Quota, LimiterError> {
        let row = self.0.count(key, window, now).await.map_err(LimiterError::unavailable)?;
        let column =
            |index| row.try_get::<_, i64>(index).map_err(|_| LimiterError::unavailable(StoreError::Corrupt));
        let count = u32::try_from(column(0)?).unwrap_or(u32::MAX);
        let quota = Quota::after(count, max, Timestamp::from_millis(column(1)?));
        if self.0.hits.fetch_add(1, Ordering::Relaxed) % HITS_PER_PURGE == HITS_PER_PURGE - 1 {
            let inner = Arc::clone(&self.0);
            tokio::spawn(async move { inner.purge(now).await });
        }
        Ok(quota)
    }
}

impl Inner {
    async fn count(&self, key: &LimitKeyText, window: Duration, now: Timestamp) -> Result<Row, StoreError> {
        let end = window_end(now, window);
        let (key, times) =
            (key.as_bytes().as_slice(), [now, end, end.after(window)].map(Timestamp::as_millis));
        let [now, end, latest] = &times;
        let mut span = self.connections.begin();
        let mut was_lost = false;
        loop {
            match self.connections.send(&self.statements.hit, &[&key, now, end, latest], &span).await {
                Ok(rows) => return rows.into_iter().next().ok_or(StoreError::Corrupt),
                // Where transactions are serializable, of those who meet in a row one gets through.
                Err(Failure::Collided | Failure::Taken) => self.connections.step_aside(&mut span).await?,
                // A connection may have gone since its last use.
                Err(Failure::Lost(_)) if !was_lost => was_lost = true,
                Err(failure) => return Err(failure.into_error()),
            }
        }
    }

    /// What fails here is done by the next one.
    async fn purge(&self, now: Timestamp) {
        let over = now.before(SLACK).as_millis();
        let _ = self
            .connections
            .send(&self.statements.purge, &[&over, &MAX_PURGED], &self.connections.begin())
            .await;
    }
}

impl fmt::Debug for PostgresLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresLimiter")
            .field("timeout", &self.0.connections.timeout)
            .finish_non_exhaustive()
    }
}
