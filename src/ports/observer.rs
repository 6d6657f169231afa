//! Observers: what the application hears of saved changes.

use std::{fmt, sync::Arc};

use async_trait::async_trait;

use crate::{
    model::{Account, Event, Preferences},
    operation::Action,
};

/// Receives every change of an account after it was saved: accounts that are created, changed and
/// removed, by users, by your application, and by maintenance.
///
/// Use it to keep a cache or a search index up to date, or to call another system. The service
/// calls it once per acknowledged change, before the operation returns, and waits for it: hand slow
/// work over to a queue. An observer cannot affect the outcome. If the process dies in between, the
/// call is lost. For rows that must agree with the account use a trigger of the database instead:
/// see `SqliteStore` and `PostgresStore`.
///
/// Guesses at accounts that do not exist change nothing. They are logged but not observed.
///
/// # Security
/// A slow observer shows by its delay that there is an account (timing side channel).
///
/// # Examples
/// ```
/// use account::ports::{ObservedChange, Observer};
///
/// #[derive(Debug)]
/// struct Members;
///
/// #[async_trait::async_trait]
/// impl Observer for Members {
///     async fn observe(&self, change: &ObservedChange<'_>) {
///         match (change.before(), change.after()) {
///             (None, Some(new)) => println!("welcome, {}", new.name()),
///             (Some(old), None) => println!("{} by {}", old.id(), change.action().name()),
///             (Some(old), Some(new)) if old.email() != new.email() => println!("another address"),
///             _ => {}
///         }
///     }
/// }
/// ```
#[doc(alias = "hook")]
#[doc(alias = "webhook")]
#[doc(alias = "event")]
#[async_trait]
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// Handles one change.
    async fn observe(&self, change: &ObservedChange<'_>);
}

#[async_trait]
impl<T: Observer + ?Sized> Observer for Arc<T> {
    async fn observe(&self, change: &ObservedChange<'_>) {
        (**self).observe(change).await;
    }
}

/// One saved change of one account, as an [`Observer`] receives it.
///
#[derive(Debug, Clone, Copy)]
pub struct ObservedChange<'a> {
    action: Action,
    accounts: Accounts<'a>,
    events: &'a [Event],
}

#[derive(Debug, Clone, Copy)]
enum Accounts<'a> {
    Created(&'a Account),
    Changed { before: &'a Account, after: &'a Account },
    Removed(&'a Account),
}

impl<'a> ObservedChange<'a> {
    pub(crate) fn created(action: Action, after: &'a Account, events: &'a [Event]) -> Self {
        Self { action, accounts: Accounts::Created(after), events }
    }

    pub(crate) fn changed(
        action: Action,
        before: &'a Account,
        after: &'a Account,
        events: &'a [Event],
    ) -> Self {
        Self { action, accounts: Accounts::Changed { before, after }, events }
    }

    /// The log of a removed account is removed with it, so it has no events.
    pub(crate) fn removed(action: Action, before: &'a Account) -> Self {
        Self { action, accounts: Accounts::Removed(before), events: &[] }
    }

    /// What changed the account.
    #[must_use]
    pub fn action(&self) -> Action {
        self.action
    }

    /// The account before the change, or `None` if it was created.
    #[must_use]
    pub fn before(&self) -> Option<&'a Account> {
        match self.accounts {
            Accounts::Created(_) => None,
            Accounts::Changed { before, .. } | Accounts::Removed(before) => Some(before),
        }
    }

    /// The account as it was saved, or `None` if it was removed.
    #[must_use]
    pub fn after(&self) -> Option<&'a Account> {
        match self.accounts {
            Accounts::Created(after) | Accounts::Changed { after, .. } => Some(after),
            Accounts::Removed(_) => None,
        }
    }

    /// The account as it was saved or, if it was removed, as it was before.
    #[must_use]
    pub fn account(&self) -> &'a Account {
        match self.accounts {
            Accounts::Created(account)
            | Accounts::Changed { after: account, .. }
            | Accounts::Removed(account) => account,
        }
    }

    /// The new preferences, or `None` if the change leaves them alone.
    #[must_use]
    pub fn preferences(&self) -> Option<Preferences> {
        let after = self.after()?.attachment.as_deref()?;
        let before = self.before().and_then(|account| account.attachment.as_deref());
        let is_new = before.is_none_or(|before| before.preferences != after.preferences);
        is_new.then(|| after.preferences.clone())
    }

    /// The entries of the security log that were saved with the change. Some changes have none,
    /// such as a removal.
    #[must_use]
    pub fn events(&self) -> &'a [Event] {
        self.events
    }
}
