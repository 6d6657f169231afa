//! What the SQL stores have in common: the forms in which versions and log entries lie in rows, and how large a value may be.

use crate::{
    model::{Event, Timestamp, UserId},
    ports::{StoreError, Version},
};

/// More than any value the service makes. What is larger does not come near the driver.
const MAX_BYTES: usize = 1 << 20;

/// An entry of the log.
pub(super) struct Entry {
    pub(super) account: UserId,
    pub(super) id: String,
    pub(super) at: Timestamp,
    pub(super) text: String,
}

#[derive(Debug, thiserror::Error)]
#[error("a value of {0} bytes is too long to be stored")]
struct TooLong(usize);

pub(super) fn entries(events: &[Event]) -> Result<Vec<Entry>, StoreError> {
    let entry = |event: &Event| {
        let text = event.to_json();
        bounded(&text)?;
        Ok(Entry { account: event.user, id: event.id.as_str().to_owned(), at: event.at, text })
    };
    events.iter().map(entry).collect()
}

pub(super) fn bounded(text: &str) -> Result<(), StoreError> {
    if text.len() > MAX_BYTES { Err(StoreError::unavailable(TooLong(text.len()))) } else { Ok(()) }
}

/// SQL knows signed numbers only.
pub(super) fn bits(version: Version) -> i64 {
    version.to_bits().cast_signed()
}

pub(super) fn version_of(bits: i64) -> Version {
    Version::from_bits(bits.cast_unsigned())
}
