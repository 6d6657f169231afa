//! What rows say.

use tokio_postgres::{Row, types::FromSql};

use crate::{
    adapters::rows::version_of,
    ports::{Listed, StoreError, Stored},
};

/// An account: its version, and its texts unless that is the version that was known.
pub(super) struct Found {
    pub(super) version: i64,
    body: Option<String>,
    attachment: Option<Option<String>>,
}

impl Found {
    /// Version and body are the first columns; the attachment is in this one, if it was asked for.
    pub(super) fn of(row: &Row, attachment: Option<usize>) -> Result<Self, StoreError> {
        let attachment = attachment.map(|index| column(row, index)).transpose()?;
        Ok(Self { version: column(row, 0)?, body: column(row, 1)?, attachment })
    }

    pub(super) fn decode(&self) -> Result<Stored, StoreError> {
        let body = self.body.as_deref().ok_or(StoreError::Corrupt)?;
        let attachment = self.attachment.as_ref().map(Option::as_deref);
        Stored::decode(version_of(self.version), body, attachment)
    }
}

/// An account of a list, whose third column is its id.
pub(super) fn listed(row: &Row) -> Result<Listed, StoreError> {
    let id = column::<&str>(row, 2)?.parse().map_err(|_| StoreError::Corrupt)?;
    Ok(Listed { id, found: Found::of(row, None).and_then(|found| found.decode()) })
}

/// The number that is the first column of the first row.
pub(super) fn count(rows: &[Row]) -> Result<u64, StoreError> {
    let number: i64 = column(rows.first().ok_or(StoreError::Corrupt)?, 0)?;
    Ok(u64::try_from(number).unwrap_or_default())
}

/// What cannot be read as what it should be is damage.
pub(super) fn column<'a, T: FromSql<'a>>(row: &'a Row, index: usize) -> Result<T, StoreError> {
    row.try_get(index).map_err(|_| StoreError::Corrupt)
}
