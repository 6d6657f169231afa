//! The settings of a store.

use std::{thread, time::Duration};

/// Configures and opens a [`SqliteStore`](super::SqliteStore). Created by
/// [`SqliteStore::builder`](super::SqliteStore::builder).
///
/// # Examples
/// ```
/// use account::SqliteStore;
///
/// # let folder = std::env::temp_dir().join(format!("account-doc-builder-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let store = SqliteStore::builder()
///     .readers(4)
///     .cached_accounts(10_000)
///     .open(folder.join("account.db"))?;
/// assert!(folder.join("account.db").exists());
/// # drop(store);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct SqliteBuilder {
    pub(super) readers: usize,
    pub(super) cached_accounts: usize,
    pub(super) mapped_bytes: u64,
    pub(super) busy_timeout: Duration,
    pub(super) table_prefix: String,
}

impl Default for SqliteBuilder {
    fn default() -> Self {
        Self {
            readers: thread::available_parallelism().map_or(4, usize::from).clamp(2, 16),
            cached_accounts: 100_000,
            mapped_bytes: 1 << 30,
            busy_timeout: Duration::from_secs(10),
            table_prefix: String::new(),
        }
    }
}

impl SqliteBuilder {
    /// Sets how many connections read, at least 1. Default: one per core, from 2 to 16.
    #[must_use]
    pub fn readers(self, readers: usize) -> Self {
        Self { readers: readers.max(1), ..self }
    }

    /// Sets how many decoded accounts are kept in memory at most; 0 for none. Default: 100,000.
    ///
    /// An account with ten sessions takes about 8 kB, so 100,000 of them take 800 MB, and 10,000 of
    /// them 80 MB. Preferences that have been read add up to 64 kB each.
    ///
    /// A cached account is never used without checking its version in the file first.
    #[must_use]
    pub fn cached_accounts(self, accounts: usize) -> Self {
        Self { cached_accounts: accounts, ..self }
    }

    /// Sets how many bytes of the file are memory-mapped for reading; 0 for none. Default: 1 GiB.
    ///
    /// A mapping takes address space, not memory.
    #[must_use]
    pub fn mapped_bytes(self, bytes: u64) -> Self {
        Self { mapped_bytes: bytes, ..self }
    }

    /// Sets how long to wait for another process that is writing to the file. Default: 10 seconds.
    #[must_use]
    pub fn busy_timeout(self, timeout: Duration) -> Self {
        Self { busy_timeout: timeout, ..self }
    }

    /// Sets a prefix for the names of all tables, views and indexes. Default: none.
    ///
    /// Set it to keep the accounts in a file in which your application has tables named `accounts`
    /// or `account_…` itself. With `auth_`, the tables are `auth_accounts`, `auth_account_bodies`
    /// and so on. It has up to 32 ASCII letters, digits and underscores. Keep it: with another
    /// prefix, the store is another, empty one.
    ///
    /// # Examples
    /// ```
    /// # let directory = format!("account-prefix-{}", std::process::id());
    /// # let directory = std::env::temp_dir().join(directory);
    /// # std::fs::create_dir_all(&directory)?;
    /// # let path = directory.join("app.db");
    /// let store = account::SqliteStore::builder().table_prefix("auth_").open(&path)?;
    /// # drop(store);
    /// # std::fs::remove_dir_all(&directory)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn table_prefix(self, prefix: impl Into<String>) -> Self {
        Self { table_prefix: prefix.into(), ..self }
    }
}
