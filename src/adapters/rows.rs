//! Shared by the SQL stores: the stored form of versions and log entries, and the size limit.

use crate::{
    model::{Event, Timestamp, UserId},
    ports::{StoreError, Version},
};

/// Far above anything the service writes. Larger values never reach the driver.
const MAX_BYTES: usize = 1 << 20;

/// A row of the security log.
pub(super) struct EventRow {
    pub(super) account: UserId,
    pub(super) id: String,
    pub(super) at: Timestamp,
    pub(super) text: String,
}

#[derive(Debug, thiserror::Error)]
#[error("a value of {0} bytes is too large to be stored")]
struct TooLarge(usize);

pub(super) fn event_rows(events: &[Event]) -> Result<Vec<EventRow>, StoreError> {
    let row = |event: &Event| {
        let text = event.to_json();
        check_size(&text)?;
        Ok(EventRow { account: event.user, id: event.id.as_str().to_owned(), at: event.at, text })
    };
    events.iter().map(row).collect()
}

pub(super) fn check_size(text: &str) -> Result<(), StoreError> {
    if text.len() > MAX_BYTES { Err(StoreError::unavailable(TooLarge(text.len()))) } else { Ok(()) }
}

/// The version as a signed integer, the only kind that SQL has.
pub(super) fn version_to_sql(version: Version) -> i64 {
    version.to_bits().cast_signed()
}

pub(super) fn version_from_sql(bits: i64) -> Version {
    Version::from_bits(bits.cast_unsigned())
}
