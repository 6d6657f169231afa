//! Snapshots of a store's contents.

use std::fmt;

use crate::{
    model::{Event, Key, PageQuery, UserId, stored},
    ports::{Change, Parts, SaveError, Select, Store, StoreError, Stored},
};

/// The contents of a store at one moment: accounts with their attachments and logs.
///
/// Use it to compare stores, or to copy one into another. Equality ignores the random versions.
///
/// # Security
/// [`Display`](fmt::Display) prints everything, including digests and password hashes.
#[derive(Debug, Clone)]
pub struct Snapshot(Vec<Entry>);

#[derive(Clone)]
struct Entry {
    stored: Stored,
    body: String,
    attachment: String,
    events: Vec<Event>,
}

impl Snapshot {
    /// Takes a snapshot of a store, which must not change at the same time.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn of(store: &impl Store) -> Result<Self, StoreError> {
        const PAGE: u32 = 100;
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let last = entries.last().map(|entry| *entry.stored.account.id());
            let found = store.list(Select::After(last.as_ref()), PAGE).await?;
            if found.is_empty() {
                return Ok(Self(entries));
            }
            for listed in found {
                entries.extend(Entry::of(store, &listed.id).await?);
            }
        }
    }

    /// Saves the contents into an empty store, with the same versions.
    ///
    /// # Errors
    /// [`SaveError::Taken`] if a key exists already; [`SaveError::Failed`] if the store fails.
    pub async fn put_into(&self, store: &impl Store) -> Result<(), SaveError> {
        for Entry { stored, events, .. } in &self.0 {
            store.save(Change::new(None, stored.account.clone(), stored.version, events)).await?;
        }
        Ok(())
    }

    /// Returns the id of each account, with its body and attachment in their stored form.
    pub fn accounts(&self) -> impl Iterator<Item = (&UserId, &str, &str)> {
        self.0.iter().map(|entry| (entry.stored.account.id(), &*entry.body, &*entry.attachment))
    }

    /// Returns the number of log entries of an account.
    #[must_use]
    pub fn events(&self, user: &UserId) -> usize {
        self.0.iter().find(|entry| entry.stored.account.id() == user).map_or(0, |entry| entry.events.len())
    }
}

impl Entry {
    async fn of(store: &impl Store, id: &UserId) -> Result<Option<Self>, StoreError> {
        let Some(stored) = store.load(&Key::Id(*id), Parts::Whole).await? else { return Ok(None) };
        let body = stored::encode(&stored.account)?;
        let attachment = match &stored.account.attachment {
            Some(attachment) => stored::encode_attachment(attachment)?,
            None => String::new(),
        };
        let page = PageQuery::parse(&[] as &[&str], 5000).map_err(|_| StoreError::Corrupt)?;
        let mut events = store.events(id, page).await?.events;
        events.reverse();
        Ok(Some(Self { stored, body, attachment, events }))
    }
}

impl PartialEq for Snapshot {
    fn eq(&self, other: &Self) -> bool {
        let same = |one: &Entry, other: &Entry| {
            (&one.body, &one.attachment, &one.events) == (&other.body, &other.attachment, &other.events)
        };
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(|(one, other)| same(one, other))
    }
}

impl Eq for Snapshot {}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Entry { body, attachment, events, .. } in &self.0 {
            writeln!(f, "{body}\n{attachment}")?;
            for event in events {
                writeln!(f, "{}", event.to_json())?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("account", &self.stored.account).finish_non_exhaustive()
    }
}
