//! A request limiter in PostgreSQL, shared by several nodes.

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

use super::{connections::Connections, error::Failure, statements::Statements, store::PostgresStore};
use crate::{
    model::Timestamp,
    ports::{LimitKeyText, LimiterError, Quota, RateLimiter, StoreError, window_end},
};

/// How many hits of a node pass between two purges of ended counters.
const HITS_PER_PURGE: u32 = 1_000;
/// How many counters a purge deletes at most: more than can have been created since the last one.
const MAX_PURGED: i64 = 4_000;
/// How long a counter is kept after its window: the clocks of the nodes differ.
const SLACK: Duration = Duration::from_secs(3600);

/// A [`RateLimiter`] in the tables of a [`PostgresStore`], shared by all nodes that use the same
/// schema. Created by [`PostgresStore::limiter`]. For services of several nodes without Redis.
///
/// It counts exactly as [`MemoryLimiter`](crate::MemoryLimiter) does. Each hit is one statement on
/// one row, and the nodes' clocks decide to which window it belongs. Ended counters are deleted in
/// the background. A hit that takes longer than the store's timeout is an error. If a connection
/// breaks between a hit and its reply, the hit is sent again and may count twice.
///
/// The table `account_limits` is unlogged: a hit writes nothing to the write-ahead log and does not
/// wait for a disk. In return, a crash of the server empties the table, and after a failover the
/// new primary starts with an empty one. If counters must survive both, run
/// `ALTER TABLE account_limits SET LOGGED`.
///
/// # Security
/// Keys are digests and do not reveal whom they belong to. Protection against brute force does not
/// depend on this table: attempts per code and failures per account are counted in the account.
///
/// # Examples
/// ```no_run
/// use account::{AccountService, Config, MasterKey, PostgresStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = PostgresStore::connect("postgres://app:secret@db.example/app").await?;
/// let limiter = store.limiter();
/// let config = Config::new(MasterKey::generate()?);
/// let accounts = AccountService::builder(store).limiter(limiter).config(config).build()?;
/// # Ok(()) }
/// ```
#[doc(alias = "rate limit")]
#[doc(alias = "throttle")]
pub struct PostgresLimiter(Arc<Inner>);

struct Inner {
    connections: Connections,
    statements: Arc<Statements>,
    hits: AtomicU32,
}

impl PostgresStore {
    /// Creates a limiter that counts in the store's schema, over the store's connections.
    #[doc(alias = "rate limit")]
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
        let key = key.as_bytes().as_slice();
        let [now, end, latest] = &[now, end, end.after(window)].map(Timestamp::as_millis);
        let mut deadline = self.connections.deadline();
        let mut was_lost = false;
        loop {
            match self.connections.send(&self.statements.hit, &[&key, now, end, latest], &deadline).await {
                Ok(rows) => return rows.into_iter().next().ok_or(StoreError::Corrupt),
                // With serializable transactions, all but one of the concurrent hits on a row fail.
                Err(Failure::Conflict | Failure::Taken(_)) => {
                    self.connections.back_off(&mut deadline).await?
                }
                // The connection may have been lost since its last use.
                Err(Failure::Lost(_)) if !was_lost => was_lost = true,
                Err(failure) => return Err(failure.into_error()),
            }
        }
    }

    /// Deletes ended counters. What fails is left to the next purge.
    async fn purge(&self, now: Timestamp) {
        let before = now.before(SLACK).as_millis();
        let deadline = self.connections.deadline();
        let _ = self.connections.send(&self.statements.purge, &[&before, &MAX_PURGED], &deadline).await;
    }
}

impl fmt::Debug for PostgresLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresLimiter")
            .field("timeout", &self.0.connections.timeout)
            .finish_non_exhaustive()
    }
}
