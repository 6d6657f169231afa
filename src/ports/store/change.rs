//! Stored accounts and their changes.

use std::sync::Arc;

use super::error::StoreError;
use crate::model::{Account, Event, Key, stored};

/// Names one saved state of one account: 64 random bits, freshly drawn for every save and compared
/// only for equality.
///
/// A counter would repeat when an account is removed and created again under the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version(u64);

impl Version {
    /// Creates a version from stored bits.
    #[must_use]
    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Returns the bits, for a store to keep.
    #[must_use]
    pub fn to_bits(self) -> u64 {
        self.0
    }
}

/// How much of an account to load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parts {
    /// The body, which is enough for most operations.
    Body,
    /// The body and the attachment (preferences).
    Whole,
}

/// An account as a store holds it, with the version of that state.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The account.
    pub account: Arc<Account>,
    /// The version under which it was saved.
    pub version: Version,
}

impl Stored {
    /// Reads the text written by [`Change::body`] and [`Change::attachment`]. Stores call it when
    /// they load an account.
    ///
    /// `attachment` is `None` if only the [body](Parts::Body) was asked for, `Some(None)` if the
    /// account has no attachment, and otherwise its text.
    ///
    /// # Errors
    /// [`StoreError::NewerFormat`] if a newer release wrote the text, [`StoreError::Corrupt`] if it
    /// is damaged.
    pub fn decode(
        version: Version,
        body: &str,
        attachment: Option<Option<&str>>,
    ) -> Result<Self, StoreError> {
        let mut account = stored::decode(body)?;
        account.attachment = match attachment {
            None => None,
            Some(None) => Some(Arc::default()),
            Some(Some(text)) => Some(Arc::new(stored::decode_attachment(text)?)),
        };
        Ok(Self { account: Arc::new(account), version })
    }

    /// Whether the account was loaded with these parts. A cache asks before it answers.
    #[must_use]
    pub fn has(&self, parts: Parts) -> bool {
        parts == Parts::Body || self.account.attachment.is_some()
    }
}

/// One change of one account, made as a whole or not at all.
///
/// Only the service creates changes, so the old state, the new value and the keys always agree.
#[derive(Debug)]
pub struct Change<'a> {
    before: Option<&'a Stored>,
    after: Arc<Account>,
    next: Version,
    events: &'a [Event],
}

impl<'a> Change<'a> {
    pub(crate) fn new(
        before: Option<&'a Stored>,
        after: Arc<Account>,
        next: Version,
        events: &'a [Event],
    ) -> Self {
        Self { before, after, next, events }
    }

    /// The state that must still be the stored one, or `None` if the account must not exist yet.
    #[must_use]
    pub fn before(&self) -> Option<&'a Stored> {
        self.before
    }

    /// The new value.
    #[must_use]
    pub fn after(&self) -> &Arc<Account> {
        &self.after
    }

    /// The version of the new value.
    #[must_use]
    pub fn next(&self) -> Version {
        self.next
    }

    /// The keys that only the new value holds, sorted. Claim them before any key is released.
    #[must_use]
    pub fn claims(&self) -> Vec<Key> {
        let before = self.keys_before();
        self.after.keys().into_iter().filter(|key| before.binary_search(key).is_err()).collect()
    }

    /// The keys that only the old value held, sorted. Release them after all claims succeeded.
    #[must_use]
    pub fn releases(&self) -> Vec<Key> {
        let after = self.after.keys();
        self.keys_before().into_iter().filter(|key| after.binary_search(key).is_err()).collect()
    }

    /// The stored form of the new value without its attachment: JSON for [`Stored::decode`].
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the value cannot be written. No value that the service creates
    /// causes it.
    pub fn body(&self) -> Result<String, StoreError> {
        Ok(stored::encode(&self.after)?)
    }

    /// The stored form of the attachment, or `None` if the attachment does not change.
    ///
    /// # Errors
    /// As [`Change::body`].
    pub fn attachment(&self) -> Result<Option<String>, StoreError> {
        let before = self.before.and_then(|stored| stored.account.attachment.as_ref());
        match (&self.after.attachment, before) {
            (None, _) => Ok(None),
            (Some(after), Some(before)) if after == before => Ok(None),
            (Some(after), None) if self.before.is_none() && **after == Default::default() => Ok(None),
            (Some(after), _) => Ok(Some(stored::encode_attachment(after)?)),
        }
    }

    /// The new value with its attachment, for a store that keeps values rather than texts.
    ///
    /// `current` is the value that the store holds, or `None` for a new account. If the change
    /// leaves the attachment alone, it is taken from `current`; a new account gets an empty one. If
    /// `current` does not [have](Stored::has) its attachment, as in a cache of bodies, neither does
    /// the result.
    #[must_use]
    pub fn whole(&self, current: Option<&Stored>) -> Stored {
        let mut account = Arc::clone(&self.after);
        if account.attachment.is_none() {
            let kept =
                current.map_or_else(|| Some(Arc::default()), |stored| stored.account.attachment.clone());
            if kept.is_some() {
                Arc::make_mut(&mut account).attachment = kept;
            }
        }
        Stored { account, version: self.next }
    }

    /// The entries of the security log to save together with the new value.
    #[must_use]
    pub fn events(&self) -> &'a [Event] {
        self.events
    }

    fn keys_before(&self) -> Vec<Key> {
        self.before.map(|stored| stored.account.keys()).unwrap_or_default()
    }
}
