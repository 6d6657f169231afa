//! Password hashing with Argon2id on a bounded pool of low-priority threads with reused memory.

mod argon2id;
mod check;
#[cfg(feature = "import-hashes")]
mod imported;
mod memory;
mod queue;

use std::{fmt, num::NonZeroUsize, sync::Arc, thread, time::Duration};

use async_trait::async_trait;

use self::{
    argon2id::hash,
    check::{Effort, verify},
    queue::{Limits, Queue},
};
use crate::{
    model::{Argon2Params, PasswordHash},
    ports::{HashError, PasswordHasher, Verdict},
    secret::Secret,
};

const DEFAULT_QUEUE_PER_THREAD: usize = 32;
const DEFAULT_PATIENCE: Duration = Duration::from_secs(2);
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// Hashes passwords with Argon2id (RFC 9106) on a few threads of its own, under any async executor.
///
/// The threads start with the first password. After ten seconds without work they end, and their
/// memory is wiped and freed. Each thread keeps the memory of one hash, 19 MiB by default, and on
/// Linux runs at low priority.
///
/// Passwords that find no free thread wait in a bounded queue. If the queue is full, or a password
/// has waited too long, the result is [`HashError::Busy`] and nothing was computed. If the
/// caller drops the future first, the password is not hashed.
///
/// # Security
/// Hashes with other Argon2 parameters, variants and versions are verified too. With the feature
/// `import-hashes`, so are those of bcrypt and scrypt (see
/// [`PasswordHash`](PasswordHash#hashes-of-an-older-system)).
///
/// To prevent user enumeration by timing, a check without a hash, or against a hash that is cheaper
/// to compute, takes as much work as one with the current parameters. Argon2 makes up the missing
/// work; for bcrypt and scrypt the amount is estimated.
///
/// A check against a more expensive hash takes longer: bcrypt of cost 8 takes about as long as
/// Argon2id with the default parameters, and cost 12 takes sixteen times as long. Until the owner
/// of such a hash has signed in, an attacker who measures the time can detect the account.
/// [`Argon2PoolBuilder::cover`] prevents this, at the price of the more expensive hash in every
/// check.
///
/// Each thread keeps the memory of one hash with the current parameters. A more expensive Argon2
/// hash uses its own memory instead, and a scrypt hash uses its own in addition; both are freed
/// right after. A pool therefore never holds more than 256 MiB and one current hash per thread. The
/// memory used by scrypt is not wiped.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use account::{Argon2Pool, Secret, ports::PasswordHasher};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), account::ports::HashError> {
/// let pool = Argon2Pool::default();
/// let password = Arc::new(Secret::new("correct horse battery staple".to_owned()));
/// // In production, draw a fresh random salt for every hash.
/// let hash = pool.hash(Arc::clone(&password), *b"sixteen bytes...").await?;
/// assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
/// assert!(pool.verify(password, Some(hash)).await?.matches);
/// # Ok(()) }
/// ```
pub struct Argon2Pool {
    effort: Effort,
    queue: Queue,
}

impl Argon2Pool {
    /// Creates a pool that hashes with `params`, with one thread per core.
    #[must_use]
    pub fn new(params: Argon2Params) -> Self {
        Self::builder().params(params).build()
    }

    /// Starts building a pool with other settings.
    pub fn builder() -> Argon2PoolBuilder {
        Argon2PoolBuilder::default()
    }
}

impl Default for Argon2Pool {
    fn default() -> Self {
        Self::new(Argon2Params::default())
    }
}

impl fmt::Debug for Argon2Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Argon2Pool")
            .field("params", &format_args!("{}", self.effort.current))
            .field("cover", &self.effort.cover)
            .field("limits", &self.queue.limits())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl PasswordHasher for Argon2Pool {
    async fn hash(&self, password: Arc<Secret>, salt: [u8; 16]) -> Result<PasswordHash, HashError> {
        let params = self.effort.current;
        self.queue.run(move |memory| hash(memory, params, &password, salt)).await
    }

    async fn verify(
        &self,
        password: Arc<Secret>,
        against: Option<PasswordHash>,
    ) -> Result<Verdict, HashError> {
        let effort = self.effort.clone();
        self.queue.run(move |memory| verify(memory, &effort, &password, against.as_ref())).await
    }
}

/// Builds an [`Argon2Pool`]; created by [`Argon2Pool::builder`].
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use account::{Argon2Params, Argon2Pool};
///
/// let pool = Argon2Pool::builder()
///     .params(Argon2Params::new(47_104, 1, 1)?)
///     .threads(2)
///     .queue(100)
///     .patience(Duration::from_secs(1))
///     .build();
/// assert!(format!("{pool:?}").contains("m=47104,t=1,p=1"));
/// # Ok::<(), account::model::InvalidArgon2Params>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Argon2PoolBuilder {
    params: Argon2Params,
    cover: Option<PasswordHash>,
    threads: Option<usize>,
    queue: Option<usize>,
    patience: Duration,
}

impl Default for Argon2PoolBuilder {
    fn default() -> Self {
        Self {
            params: Argon2Params::default(),
            cover: None,
            threads: None,
            queue: None,
            patience: DEFAULT_PATIENCE,
        }
    }
}

impl Argon2PoolBuilder {
    /// Sets the cost of new hashes. The default is that of [`Argon2Params`].
    pub fn params(mut self, params: Argon2Params) -> Self {
        self.params = params;
        self
    }

    /// Hides which accounts still have a hash of an older system: every check takes as much work as
    /// one against `dearest` and one with the current parameters together.
    ///
    /// After importing expensive hashes, pass one of the most expensive ones, and stop once most of
    /// them are replaced.
    ///
    /// # Security
    /// Checks against hashes with the same algorithm and cost as `dearest` do the same work as all
    /// others. For cheaper hashes of the older system the amount of work is estimated.
    pub fn cover(mut self, dearest: PasswordHash) -> Self {
        self.cover = Some(dearest);
        self
    }

    /// Sets how many passwords are hashed at a time, at least one. The default is one per core.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Sets how many passwords may wait for a thread, at least one. The default is 32 per thread.
    pub fn queue(mut self, queue: usize) -> Self {
        self.queue = Some(queue);
        self
    }

    /// Sets how long a password may wait for a thread before it is refused. The default is two
    /// seconds.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Builds the pool. It starts threads and allocates memory only with the first password.
    #[must_use]
    pub fn build(self) -> Argon2Pool {
        let cores = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = self.threads.unwrap_or_else(cores).max(1);
        let waiting = self.queue.unwrap_or(threads.saturating_mul(DEFAULT_QUEUE_PER_THREAD)).max(1);
        let limits = Limits { threads, waiting, patience: self.patience, idle: IDLE_TIMEOUT };
        let effort = Effort { current: self.params, cover: self.cover };
        Argon2Pool { effort, queue: Queue::new(limits) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_a_pool_shows_its_settings() {
        let params = Argon2Params::new(8, 1, 1).unwrap();
        let pool = Argon2Pool::builder().params(params).threads(0).queue(0).build();
        let shown = format!("{pool:?}");
        for setting in ["m=8,t=1,p=1", "threads: 1", "waiting: 1"] {
            assert!(shown.contains(setting), "{shown}");
        }
    }
}
