//! An account while an operation changes it, and what the operation decides.

use std::ops::{Deref, DerefMut};

use crate::{
    error::Error,
    model::{Account, EventKind, SessionId, Timestamp},
    ports::Stored,
};

/// An account while it is being changed: the only thing that *decide* works on. It reaches no
/// clock, no randomness and no I/O.
pub(crate) struct Draft {
    pub(crate) account: Account,
    pub(crate) now: Timestamp,
    notes: Vec<(EventKind, Option<SessionId>)>,
    is_removed: bool,
}

/// Why *decide* does not simply save.
pub(crate) enum Abort {
    /// Refuse, and change nothing.
    Refuse(Error),
    /// Save, then refuse: a wrong guess is counted although the caller gets an error.
    SaveAndRefuse(Error),
    /// What was prepared no longer fits the account.
    PrepareAgain,
    /// The account is not the one that is meant.
    Absent,
}

/// The result of *decide* on one state of the account.
#[allow(clippy::large_enum_variant, reason = "it is taken apart at once")]
pub(super) enum Decision<T> {
    /// Save the draft, then answer or refuse.
    Save(Draft, Result<T, Error>),
    PrepareAgain,
    Absent,
}

impl From<Error> for Abort {
    fn from(error: Error) -> Self {
        Self::Refuse(error)
    }
}

impl Draft {
    /// The account at this time. It holds nothing that has expired, so the next save deletes that.
    pub(crate) fn of(stored: &Stored, now: Timestamp) -> Self {
        let mut account = Account::clone(&stored.account);
        account.tidy(now);
        Self::new(account, now)
    }

    pub(crate) fn new(account: Account, now: Timestamp) -> Self {
        Self { account, now, notes: Vec::new(), is_removed: false }
    }

    /// Runs *decide* on a stored account.
    pub(super) fn decide<T>(
        stored: &Stored,
        now: Timestamp,
        decide: &mut impl FnMut(&mut Self) -> Result<T, Abort>,
    ) -> Result<Decision<T>, Error> {
        let mut draft = Self::of(stored, now);
        match decide(&mut draft) {
            Ok(answer) => Ok(Decision::Save(draft, Ok(answer))),
            Err(Abort::SaveAndRefuse(error)) => Ok(Decision::Save(draft, Err(error))),
            Err(Abort::Refuse(error)) => Err(error),
            Err(Abort::PrepareAgain) => Ok(Decision::PrepareAgain),
            Err(Abort::Absent) => Ok(Decision::Absent),
        }
    }

    /// Records an event, which is saved with the change.
    pub(crate) fn note(&mut self, kind: EventKind, session: Option<SessionId>) {
        self.notes.push((kind, session));
    }

    pub(super) fn notes(&self) -> &[(EventKind, Option<SessionId>)] {
        &self.notes
    }

    pub(super) fn is_removed(&self) -> bool {
        self.is_removed
    }

    /// Removes the account with all its data, instead of saving it.
    pub(crate) fn remove(&mut self) {
        self.is_removed = true;
    }

    /// Records a change of the profile.
    pub(crate) fn touch(&mut self) {
        self.account.updated_at = self.now;
        self.note(EventKind::UserUpdated, None);
    }
}

impl Deref for Draft {
    type Target = Account;

    fn deref(&self) -> &Account {
        &self.account
    }
}

impl DerefMut for Draft {
    fn deref_mut(&mut self) -> &mut Account {
        &mut self.account
    }
}
