//! Accounts in a SQLite file: one program, or several on one machine, and no server beside it.

mod backup;
mod job;
mod migrate;
mod open;
mod reader;
mod writer;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use job::Job;
pub use open::{OpenError, SqliteBuilder};
use reader::Readers;
use rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY;
use writer::Writer;

use crate::{
    adapters::account_cache::AccountCache,
    model::{Event, EventPage, Key, PageQuery, Timestamp, UserId},
    ports::{Change, Listed, Loading, Parts, SaveError, Select, Store, StoreError, Stored},
};

/// Keeps accounts in a SQLite file.
///
/// A change is acknowledged when it is on the disk: it survives the process and a loss of power (write-ahead log, `synchronous = FULL`).
/// Changes that come at the same time share a commit, yet each fails alone. Reading happens on the calling thread, in microseconds, and never
/// waits for writing. Decoded accounts are kept in memory, and each use of one is preceded by a look at its version in the file, so that what
/// another process changed holds at once. Several processes of one machine may open the file; it does not belong on a network share.
///
/// The tables and the views `account_users`, `account_sessions` and `account_identities` may be read with plain SQL, and the host's own tables
/// may refer to `accounts (id)`. A row that refers to it without `ON DELETE` keeps the account from being removed.
///
/// Dropping the store waits until all that was handed over is written.
///
/// # Examples
/// ```
/// # let directory = std::env::temp_dir().join(format!("account-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory)?;
/// # let path = directory.join("account.db");
/// use account::{AccountService, Config, MasterKey, SqliteStore};
///
/// let store = SqliteStore::open(&path)?;
/// let accounts = AccountService::builder(store).config(Config::new(MasterKey::generate()?)).build()?;
/// # drop(accounts);
/// # std::fs::remove_dir_all(&directory)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SqliteStore {
    // Before the readers, because it may have something left to write.
    writer: Writer,
    readers: Readers,
    cache: AccountCache,
    settings: SqliteBuilder,
    path: PathBuf,
}

impl SqliteStore {
    /// Opens the file with the usual settings; see [`SqliteBuilder::open`].
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::builder().open(path)
    }

    /// Other settings than the usual ones.
    #[must_use]
    pub fn builder() -> SqliteBuilder {
        SqliteBuilder::default()
    }

    fn load_by_id(&self, id: &UserId, parts: Parts) -> Result<Option<Stored>, StoreError> {
        let kept = self.cache.find(id).filter(|kept| kept.has(parts));
        let reader = self.readers.reader()?;
        if let Some(kept) = kept {
            match reader.version(id)? {
                Some(version) if version == kept.version => return Ok(Some(kept)),
                Some(_) => {}
                None => {
                    self.cache.remove(id);
                    return Ok(None);
                }
            }
        }
        let found = reader.account(id, parts)?;
        drop(reader);
        self.keep(found)
    }

    fn load_by_key(&self, key: &str, parts: Parts) -> Result<Option<Stored>, StoreError> {
        let reader = self.readers.reader()?;
        // Holder and version come from one snapshot: whoever has that version held the key then.
        let Some((id, version)) = reader.holder(key)? else { return Ok(None) };
        let kept = self.cache.find(&id).filter(|kept| kept.version == version && kept.has(parts));
        if kept.is_some() {
            return Ok(kept);
        }
        let found = reader.account_by_key(key, parts)?;
        drop(reader);
        self.keep(found)
    }

    fn keep(&self, found: Option<reader::Raw>) -> Result<Option<Stored>, StoreError> {
        let stored = found.map(|raw| raw.decode()).transpose()?;
        if let Some(stored) = &stored {
            self.cache.put(stored.clone());
        }
        Ok(stored)
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn load<'a>(&'a self, key: &'a Key, parts: Parts) -> Loading<'a> {
        Loading::ready(match key {
            Key::Id(id) => self.load_by_id(id, parts),
            other => self.load_by_key(&other.to_text(), parts),
        })
    }

    async fn save(&self, change: Change<'_>) -> Result<(), SaveError> {
        self.writer.run(Job::save(&change)?).await?;
        let before = change.before();
        let kept = self.cache.find(change.after().id());
        let kept = kept.filter(|kept| before.is_some_and(|before| before.version == kept.version));
        self.cache.put(change.whole(kept.as_ref().or(before)));
        Ok(())
    }

    async fn remove(&self, account: &Stored) -> Result<(), SaveError> {
        self.writer.run(Job::Remove { account: account.clone() }).await?;
        self.cache.remove(account.account.id());
        Ok(())
    }

    async fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Listed>, StoreError> {
        self.readers.reader()?.list(which, limit)
    }

    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        self.writer.run(Job::append(events)?).await.map(|_| ()).map_err(only_failed)
    }

    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        self.readers.reader()?.events(user, page)
    }

    async fn delete_events_before(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.writer.run(Job::Forget { before, limit }).await.map_err(only_failed)
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// The log knows neither versions nor keys.
fn only_failed(error: SaveError) -> StoreError {
    match error {
        SaveError::Failed(error) => error,
        SaveError::Taken(_) | SaveError::Stale => StoreError::Unavailable(None),
    }
}

/// What cannot be read as what it should be is damage; everything else may pass. The driver's messages name columns, not values.
fn store_error(error: rusqlite::Error) -> StoreError {
    use rusqlite::Error;
    match error {
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..) => StoreError::Corrupt,
        // Of the tables of this store none can miss what it refers to.
        Error::SqliteFailure(failure, _) if failure.extended_code == SQLITE_CONSTRAINT_FOREIGNKEY => {
            StoreError::Referenced
        }
        other => StoreError::unavailable(other),
    }
}
