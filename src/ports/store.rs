//! The store of accounts: values under unique keys, replaced by compare-and-swap.

mod change;
mod error;
mod loading;

use std::{fmt, sync::Arc};

use async_trait::async_trait;

pub use self::{
    change::{Change, Parts, Stored, Version},
    error::{SaveError, StoreError},
    loading::{Loaded, Loading},
};
use crate::model::{Event, EventPage, Key, PageQuery, Timestamp, UserId};

/// An entry of [`Store::list`].
#[derive(Debug, Clone)]
pub struct Listed {
    /// The id of the account.
    pub id: UserId,
    /// A saved state with its body, or why it cannot be read:
    /// [`NewerFormat`](StoreError::NewerFormat) or [`Corrupt`](StoreError::Corrupt).
    pub found: Result<Stored, StoreError>,
}

impl From<Stored> for Listed {
    fn from(stored: Stored) -> Self {
        Self { id: *stored.account.id(), found: Ok(stored) }
    }
}

/// Which accounts [`Store::list`] returns, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Select<'a> {
    /// All accounts after the given id, by ascending id (bytewise).
    After(Option<&'a UserId>),
    /// Accounts whose [`due_at`](crate::model::Account::due_at) is at or before this instant, the
    /// earliest first.
    DueBy(Timestamp),
}

/// Keeps accounts, their keys and their security log.
///
/// Implement it to keep accounts in a storage of your choice, and test it with
/// [`store_conformance!`](crate::store_conformance). Every method is one guarantee; none has a
/// default.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use account::{AccountService, Config, MasterKey, MemoryStore};
/// use account::{model::Key, ports::{Parts, Store}};
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (config, name) = (Config::new(MasterKey::generate()?), "memory");
/// let store: Arc<dyn Store> = match name { // from your configuration
///     "memory" => Arc::new(MemoryStore::new()),
///     other => return Err(format!("no such store: {other}").into()),
/// };
/// let accounts = AccountService::builder(store).config(config).build()?;
/// let ada = Key::Mailbox("ada@example.com".parse()?);
/// assert!(accounts.store().load(&ada, Parts::Body).await?.is_none());
/// # Ok(()) }
/// ```
#[doc(alias = "database")]
#[doc(alias = "storage")]
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Loads the account that holds this key now, or `None`.
    ///
    /// It sees every save that was acknowledged before the call, and each save as a whole: the
    /// account found holds the key, and its body, attachment and version are of one save.
    ///
    /// Every request of a signed-in user calls it. A store that has the account in memory returns
    /// [`Loading::ready`], which allocates no future. It looks when it is called, not when the
    /// result is awaited.
    fn load<'a>(&'a self, key: &'a Key, parts: Parts) -> Loading<'a>;

    /// Makes a change if the stored state is still [`Change::before`].
    ///
    /// The value, its claims and releases, and its events are saved together or not at all. After
    /// `Ok` the change is as durable as the store promises. If the future is dropped, the change is
    /// still made as a whole or not at all, now or a little later.
    ///
    /// # Errors
    /// - [`SaveError::Stale`] if the stored state is another one or the account is gone, whether or
    ///   not a key is taken as well. A new account is never stale.
    /// - [`SaveError::Taken`] if another account holds one of the claims, or the id of a new
    ///   account ([`Key::Id`]). If several are taken, any of them may be named.
    /// - [`StoreError::Refused`] if your application does not allow the change; nothing is saved.
    /// - [`SaveError::Failed`] if the store fails.
    ///
    /// A store that aborts colliding saves (deadlock, serialisation failure) returns `Stale` for a
    /// change of an existing account, and retries by itself for a new one.
    async fn save(&self, change: Change<'_>) -> Result<(), SaveError>;

    /// Removes the account with its keys, attachment and log if `account` is still its stored
    /// state.
    ///
    /// # Errors
    /// - [`SaveError::Stale`] if the stored state is another one or the account is gone.
    /// - [`StoreError::Referenced`] if your application's data refers to the account, and
    ///   [`StoreError::Refused`] if your application does not allow the removal; nothing is
    ///   removed.
    /// - [`SaveError::Failed`] if the store fails.
    async fn remove(&self, account: &Stored) -> Result<(), SaveError>;

    /// Lists at most `limit` accounts, selected and ordered by `which`.
    ///
    /// An account that cannot be read is listed with its error and does not hide the others.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    async fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Listed>, StoreError>;

    /// Appends log entries that belong to no change, as durably as a save. Their accounts need not
    /// exist.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError>;

    /// Returns a page of an account's log, newest (greatest id) first, with the total number of
    /// entries.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError>;

    /// Deletes at most `limit` log entries older than `before`, in any order, and returns how many
    /// it deleted.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    async fn delete_events_before(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError>;
}

#[async_trait]
impl<T: Store + ?Sized> Store for Arc<T> {
    fn load<'a>(&'a self, key: &'a Key, parts: Parts) -> Loading<'a> {
        (**self).load(key, parts)
    }

    async fn save(&self, change: Change<'_>) -> Result<(), SaveError> {
        (**self).save(change).await
    }

    async fn remove(&self, account: &Stored) -> Result<(), SaveError> {
        (**self).remove(account).await
    }

    async fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Listed>, StoreError> {
        (**self).list(which, limit).await
    }

    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError> {
        (**self).append_events(events).await
    }

    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        (**self).events(user, page).await
    }

    async fn delete_events_before(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        (**self).delete_events_before(before, limit).await
    }
}
