//! A cache of documents fetched from a provider.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::model::Timestamp;

/// Documents by URL, with the time at which each was fetched.
///
/// It is not bounded: the URLs come from the configuration, so there are few.
pub(super) struct Cache<T>(Mutex<BTreeMap<String, (Timestamp, Arc<T>)>>);

impl<T> Cache<T> {
    pub(super) fn new() -> Self {
        Self(Mutex::default())
    }

    /// Returns the document of this URL if it is at most `max_age` old.
    pub(super) fn get(&self, url: &str, now: Timestamp, max_age: Duration) -> Option<Arc<T>> {
        let documents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        documents
            .get(url)
            .filter(|(fetched, _)| now.since(*fetched) <= max_age)
            .map(|(_, document)| document.clone())
    }

    pub(super) fn insert(&self, url: &str, now: Timestamp, document: T) -> Arc<T> {
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
