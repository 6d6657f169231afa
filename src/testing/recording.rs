//! A record of the steps that a service takes, to compare the work of two requests.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;

use crate::{
    model::{Event, EventPage, Key, PageQuery, Timestamp, UserId},
    ports::{Change, Listed, Loading, Parts, SaveError, Select, Store, StoreError, Stored},
};

/// One step of work, without its data.
///
/// Compare the steps of two requests to test for a timing side channel, such as user enumeration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// An account was looked up.
    Load,
    /// A change was saved, or an account removed.
    Save,
    /// Log entries were added without a change of an account.
    Append,
    /// Accounts or log entries were listed.
    List,
    /// A password was hashed.
    Hash,
    /// A password was verified.
    Check,
    /// An email was sent, or withheld so that the timing does not reveal whether the account
    /// exists.
    Mail,
    /// A text message was sent, or withheld for the same reason.
    Text,
}

/// Records steps. Clones share the record.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Vec<Step>>>);

impl Recorder {
    /// Removes and returns the steps since the last call, in order.
    pub fn take(&self) -> Vec<Step> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn record(&self, step: Step) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(step);
    }

    /// Wraps a store and records its calls.
    pub(super) fn store<S: Store>(&self, store: S) -> impl Store + use<S> {
        RecordingStore { store, recorder: self.clone() }
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder(…)")
    }
}

#[derive(Debug)]
struct RecordingStore<S> {
    store: S,
    recorder: Recorder,
}

#[async_trait]
impl<S: Store> Store for RecordingStore<S> {
    fn load<'a>(&'a self, key: &'a Key, parts: Parts) -> Loading<'a> {
        Loading::of(async move {
            self.recorder.record(Step::Load);
            self.store.load(key, parts).await
        })
    }

    async fn save(&self, change: Change<'_>) -> Result<(), SaveError> {
        self.recorder.record(Step::Save);
        self.store.save(change).await
    }

    async fn remove(&self, account: &Stored) -> Result<(), SaveError> {
        self.recorder.record(Step::Save);
        self.store.remove(account).await
    }

    async fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Listed>, StoreError> {
        self.recorder.record(Step::List);
        self.store.list(which, limit).await
    }

    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError> {
        self.recorder.record(Step::Append);
        self.store.append_events(events).await
    }

    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        self.recorder.record(Step::List);
        self.store.events(user, page).await
    }

    async fn delete_events_before(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.store.delete_events_before(before, limit).await
    }
}
