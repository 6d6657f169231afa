//! Reads the rows of results.

use tokio_postgres::{Row, types::FromSql};

use crate::{
    adapters::rows::version_from_sql,
    ports::{Listed, StoreError, Stored},
};

/// An account's version, and its texts unless that version was already known.
pub(super) struct AccountRow {
    pub(super) version: i64,
    body: Option<String>,
    attachment: Option<Option<String>>,
}

impl AccountRow {
    /// Version and body are the first two columns. `attachment` is the column of the attachment, if
    /// it was requested.
    pub(super) fn read(row: &Row, attachment: Option<usize>) -> Result<Self, StoreError> {
        let attachment = attachment.map(|index| column(row, index)).transpose()?;
        Ok(Self { version: column(row, 0)?, body: column(row, 1)?, attachment })
    }

    pub(super) fn decode(&self) -> Result<Stored, StoreError> {
        let body = self.body.as_deref().ok_or(StoreError::Corrupt)?;
        let attachment = self.attachment.as_ref().map(Option::as_deref);
        Stored::decode(version_from_sql(self.version), body, attachment)
    }
}

/// Reads a row of a list, whose third column is the account's id.
pub(super) fn listed(row: &Row) -> Result<Listed, StoreError> {
    let id = column::<&str>(row, 2)?.parse().map_err(|_| StoreError::Corrupt)?;
    Ok(Listed { id, found: AccountRow::read(row, None).and_then(|found| found.decode()) })
}

/// The number in the first column of the first row.
pub(super) fn count(rows: &[Row]) -> Result<u64, StoreError> {
    let number: i64 = column(rows.first().ok_or(StoreError::Corrupt)?, 0)?;
    Ok(u64::try_from(number).unwrap_or_default())
}

/// A column of the wrong type is damage.
pub(super) fn column<'a, T: FromSql<'a>>(row: &'a Row, index: usize) -> Result<T, StoreError> {
    row.try_get(index).map_err(|_| StoreError::Corrupt)
}
