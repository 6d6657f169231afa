//! A store whose accounts have an identity at a provider, so that there is one to list and to
//! unlink.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use account::{
    model::{Event, EventPage, Key, PageQuery, Timestamp, UserId},
    ports::{Change, Listed, Loading, Parts, SaveError, Select, Store, StoreError, Stored, Version},
};
use async_trait::async_trait;
use serde_json::Value;

use super::operations::scene::identity;

/// The store inside, whose new accounts with a password are read as if they had an identity. The
/// next change of one keeps it in the store for good.
#[derive(Debug)]
pub(crate) struct WithIdentity<S> {
    store: S,
    /// What was saved without an identity.
    texts: Mutex<HashMap<Version, Value>>,
}

impl<S> WithIdentity<S> {
    pub(crate) fn new(store: S) -> Self {
        Self { store, texts: Mutex::default() }
    }

    fn read(&self, stored: Stored, parts: Parts) -> Result<Stored, StoreError> {
        let texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(body) = texts.get(&stored.version) else { return Ok(stored) };
        let mut body = body.clone();
        body["account"]["identities"] = identity();
        // Only a sign-up makes an account with a password, and that leaves no attachment.
        Stored::decode(stored.version, &body.to_string(), (parts == Parts::Whole).then_some(None))
    }
}

#[async_trait]
impl<S: Store> Store for WithIdentity<S> {
    fn load<'a>(&'a self, key: &'a Key, parts: Parts) -> Loading<'a> {
        Loading::of(async move {
            self.store.load(key, parts).await?.map(|stored| self.read(stored, parts)).transpose()
        })
    }

    async fn save(&self, change: Change<'_>) -> Result<(), SaveError> {
        if change.before().is_none() {
            let body: Value = serde_json::from_str(&change.body()?).unwrap();
            if body["account"].get("password").is_some() {
                self.texts.lock().unwrap_or_else(PoisonError::into_inner).insert(change.next(), body);
            }
        }
        self.store.save(change).await
    }

    async fn remove(&self, account: &Stored) -> Result<(), SaveError> {
        self.store.remove(account).await
    }

    async fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Listed>, StoreError> {
        self.store.list(which, limit).await
    }

    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError> {
        self.store.append_events(events).await
    }

    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        self.store.events(user, page).await
    }

    async fn delete_events_before(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.store.delete_events_before(before, limit).await
    }
}
