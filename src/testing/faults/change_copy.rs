//! Owned copies of changes.

use std::sync::Arc;

use crate::{
    model::{Account, Event},
    ports::{Change, Stored, Version},
};

/// An owned copy of a change, to apply it later or a second time.
pub(super) enum ChangeCopy {
    Save { before: Option<Stored>, after: Arc<Account>, next: Version, events: Vec<Event> },
    Remove(Stored),
    Append(Vec<Event>),
}

impl ChangeCopy {
    pub(super) fn of(change: &Change<'_>) -> Self {
        Self::Save {
            before: change.before().cloned(),
            after: Arc::clone(change.after()),
            next: change.next(),
            events: change.events().to_vec(),
        }
    }

    /// Whether a concurrent change can make this one stale.
    pub(super) fn can_conflict(&self) -> bool {
        matches!(self, Self::Save { before: Some(_), .. } | Self::Remove(_))
    }

    /// Whether the store can detect that it was already applied.
    pub(super) fn has_version(&self) -> bool {
        !matches!(self, Self::Append(_))
    }
}
