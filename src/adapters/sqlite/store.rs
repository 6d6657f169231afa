//! The store: loads, saves and lists.

use std::{fmt, path::PathBuf};

use async_trait::async_trait;

use super::{
    builder::SqliteBuilder,
    error::removal_error,
    job::Job,
    reader::{AccountRow, Readers},
    writer::Writer,
};
use crate::{
    adapters::account_cache::AccountCache,
    model::{Event, EventPage, Key, PageQuery, Timestamp, UserId},
    ports::{Change, Listed, Loading, Parts, SaveError, Select, Store, StoreError, Stored},
};

/// A [`Store`] that keeps accounts in a SQLite file, for one process or several on one machine.
///
/// **Durability.** A change is acknowledged when it is on the disk, so it survives a crash of the
/// process and a loss of power (write-ahead log, `synchronous = FULL`). Changes that arrive at the
/// same time share a commit, but each succeeds or fails alone. Dropping the store waits until all
/// accepted changes are written.
///
/// **Reading** happens on the calling thread, takes microseconds, and never waits for a writer.
/// Decoded accounts are cached, and each use of a cached account first checks its version in the
/// file, so a change by another process is visible immediately. Several processes on one machine
/// can open the file. Do not put it on a network share.
///
/// **SQL.** Your application can read the tables and the views `account_users`, `account_sessions`
/// and `account_identities`, and its own tables can refer to `accounts (id)`. A row that refers to
/// it without `ON DELETE` prevents the account from being removed
/// ([`Error::Referenced`](crate::Error::Referenced)). If your application has tables of these names
/// in the file, set a [prefix](super::SqliteBuilder::table_prefix).
///
/// **Triggers** of your application on `accounts` run in the transaction of the change. Use them to
/// keep rows of your own in step:
///
/// ```sql
/// CREATE TRIGGER profile_of_account AFTER INSERT ON accounts
/// BEGIN INSERT INTO profiles (account) VALUES (new.id); END;
/// ```
///
/// A trigger that raises an error (`SELECT RAISE(ABORT, 'by invitation only')`) and a violated
/// constraint of your own refuse the change, with
/// [`Error::RefusedByHost`](crate::Error::RefusedByHost). Do not use `RAISE(IGNORE)`, which looks
/// like a conflict with another change. Only the columns of `accounts` and rows of your own are a
/// stable interface for triggers.
///
/// # Examples
/// ```
/// # let directory = std::env::temp_dir().join(format!("account-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory)?;
/// # let path = directory.join("account.db");
/// use account::{AccountService, Config, MasterKey, SqliteStore};
///
/// let store = SqliteStore::open(&path)?;
/// let config = Config::new(MasterKey::generate()?);
/// let accounts = AccountService::builder(store).config(config).build()?;
/// # drop(accounts);
/// # std::fs::remove_dir_all(&directory)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SqliteStore {
    // Dropped first, because it may still have changes to write.
    pub(super) writer: Writer,
    pub(super) readers: Readers,
    pub(super) cache: AccountCache,
    pub(super) settings: SqliteBuilder,
    pub(super) path: PathBuf,
}

impl SqliteStore {
    fn load_by_id(&self, id: &UserId, parts: Parts) -> Result<Option<Stored>, StoreError> {
        let cached = self.cache.find(id).filter(|cached| cached.has(parts));
        let reader = self.readers.reader()?;
        if let Some(cached) = cached {
            match reader.version(id)? {
                Some(version) if version == cached.version => return Ok(Some(cached)),
                Some(_) => {}
                None => {
                    self.cache.remove(id);
                    return Ok(None);
                }
            }
        }
        let found = reader.account(id, parts)?;
        drop(reader);
        self.decode(found)
    }

    fn load_by_key(&self, key: &str, parts: Parts) -> Result<Option<Stored>, StoreError> {
        let reader = self.readers.reader()?;
        // Holder and version come from one statement, so the account held the key in that version.
        let Some((id, version)) = reader.holder(key)? else { return Ok(None) };
        let cached = self.cache.find(&id);
        let cached = cached.filter(|cached| cached.version == version && cached.has(parts));
        if cached.is_some() {
            return Ok(cached);
        }
        let found = reader.account_by_key(key, parts)?;
        drop(reader);
        self.decode(found)
    }

    /// Decodes an account and caches it.
    fn decode(&self, found: Option<AccountRow>) -> Result<Option<Stored>, StoreError> {
        let stored = found.map(|row| row.decode()).transpose()?;
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
        let cached = self.cache.find(change.after().id());
        let cached = cached.filter(|cached| before.is_some_and(|before| before.version == cached.version));
        self.cache.put(change.whole(cached.as_ref().or(before)));
        Ok(())
    }

    async fn remove(&self, account: &Stored) -> Result<(), SaveError> {
        self.writer.run(Job::Remove { account: account.clone() }).await.map_err(removal_error)?;
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
        self.writer.run(Job::append_events(events)?).await.map(|_| ()).map_err(only_failed)
    }

    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        self.readers.reader()?.events(user, page)
    }

    async fn delete_events_before(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.writer.run(Job::DeleteEvents { before, limit }).await.map_err(only_failed)
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

/// Log entries have neither versions nor keys, so the other errors cannot occur.
fn only_failed(error: SaveError) -> StoreError {
    match error {
        SaveError::Failed(error) => error,
        SaveError::Taken(_) | SaveError::Stale => StoreError::Unavailable(None),
    }
}
