//! Documents of providers, kept for a while.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::model::Timestamp;

/// What was fetched from which URL and when. The URLs come from the configuration, so there are few.
pub(super) struct Cache<T>(Mutex<BTreeMap<String, (Timestamp, Arc<T>)>>);

impl<T> Cache<T> {
    pub(super) fn new() -> Self {
        Self(Mutex::default())
    }

    /// What came from there, if it is no older than `age`.
    pub(super) fn find(&self, url: &str, now: Timestamp, age: Duration) -> Option<Arc<T>> {
        let documents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        documents
            .get(url)
            .filter(|(fetched, _)| now.since(*fetched) <= age)
            .map(|(_, document)| document.clone())
    }

    pub(super) fn keep(&self, url: &str, now: Timestamp, document: T) -> Arc<T> {
        let document = Arc::new(document);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(url.to_owned(), (now, document.clone()));
        document
    }
}

impl<T> fmt::Debug for Cache<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cache(…)")
    }
}
