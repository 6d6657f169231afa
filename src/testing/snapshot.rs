//! What a store holds, to be compared and to be put into another one.

use std::fmt;

use crate::{
    model::{Event, Key, PageQuery, UserId, stored},
    ports::{Change, Parts, SaveError, Select, Store, StoreError, Stored},
};

/// What a store holds at one moment: accounts with their attachments and logs. Two are equal if all but the random versions is.
///
/// [`Display`](fmt::Display) writes all of it out, digests and hashes included.
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
    /// What the store holds. Nobody may write to it meanwhile.
    ///
    /// # Errors
    /// Those of the store.
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

    /// Puts all of it into an empty store, under the same versions.
    ///
    /// # Errors
    /// Those of the store; [`SaveError::Taken`] if it is not empty.
    pub async fn put_into(&self, store: &impl Store) -> Result<(), SaveError> {
        for Entry { stored, events, .. } in &self.0 {
            store.save(Change::new(None, stored.account.clone(), stored.version, events)).await?;
        }
        Ok(())
    }

    /// Each account's id and its body and attachment in the form in which stores keep them.
    pub fn accounts(&self) -> impl Iterator<Item = (&UserId, &str, &str)> {
        self.0.iter().map(|entry| (entry.stored.account.id(), &*entry.body, &*entry.attachment))
    }

    /// How many log entries an account has.
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
