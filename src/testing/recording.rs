//! What a service did, step by step: to compare the work of two requests.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;

use crate::{
    model::{Event, EventPage, Key, PageQuery, Timestamp, UserId},
    ports::{Change, Listed, Loading, Parts, SaveError, Select, Store, StoreError, Stored},
};

/// One step of work, without what it was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// An account was looked for.
    Load,
    /// A change was saved, or an account removed.
    Save,
    /// Log entries were added without a change.
    Append,
    /// Accounts or log entries were listed.
    List,
    /// A password was hashed.
    Hash,
    /// A password was checked.
    Check,
    /// An email was handed over, or withheld where the answer must not tell.
    Mail,
    /// A text message was handed over, or withheld where the answer must not tell.
    Text,
}

/// Writes down steps. Clones write to the same list.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Vec<Step>>>);

impl Recorder {
    /// The steps since the last call, in order.
    pub fn take(&self) -> Vec<Step> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn note(&self, step: Step) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(step);
    }

    pub(super) fn store<S: Store>(&self, store: S) -> impl Store + use<S> {
        Recorded { store, recorder: self.clone() }
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder(…)")
    }
}

#[derive(Debug)]
struct Recorded<S> {
    store: S,
    recorder: Recorder,
}

#[async_trait]
impl<S: Store> Store for Recorded<S> {
    fn load<'a>(&'a self, key: &'a Key, parts: Parts) -> Loading<'a> {
        Loading::of(async move {
            self.recorder.note(Step::Load);
            self.store.load(key, parts).await
        })
    }

    async fn save(&self, change: Change<'_>) -> Result<(), SaveError> {
        self.recorder.note(Step::Save);
        self.store.save(change).await
    }

    async fn remove(&self, account: &Stored) -> Result<(), SaveError> {
        self.recorder.note(Step::Save);
        self.store.remove(account).await
    }

    async fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Listed>, StoreError> {
        self.recorder.note(Step::List);
        self.store.list(which, limit).await
    }

    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError> {
        self.recorder.note(Step::Append);
        self.store.append_events(events).await
    }

    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        self.recorder.note(Step::List);
        self.store.events(user, page).await
    }

    async fn delete_events_before(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.store.delete_events_before(before, limit).await
    }
}
