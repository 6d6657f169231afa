//! Reading, on the calling thread: a local read takes microseconds, less than a thread switch.

use std::{
    cell::Cell,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Params, Row};

use super::{error::store_error, statements::Statements};
use crate::{
    adapters::rows::version_from_sql,
    model::{Event, EventPage, PageQuery, UserId},
    ports::{Listed, Parts, Select, StoreError, Stored, Version},
};

/// The connections for reading. Each statement sees every commit that precedes it and never waits
/// for a writer.
pub(super) struct Readers {
    connections: Box<[Mutex<Connection>]>,
    statements: Arc<Statements>,
}

pub(super) struct Reader<'a> {
    connection: MutexGuard<'a, Connection>,
    statements: &'a Statements,
}

/// An account as it is stored. It is decoded after its connection has been released.
pub(super) struct AccountRow {
    version: Version,
    body: Option<String>,
    attachment: Option<Option<String>>,
}

impl Readers {
    pub(super) fn new(connections: Vec<Connection>, statements: Arc<Statements>) -> Self {
        Self { connections: connections.into_iter().map(Mutex::new).collect(), statements }
    }

    /// Returns a free connection, preferably the calling thread's own, whose cache is warm. If all
    /// are in use, waits for the thread's own.
    pub(super) fn reader(&self) -> Result<Reader<'_>, StoreError> {
        let preferred = thread_number();
        let count = self.connections.len().max(1);
        let connections = (0..count).filter_map(|step| self.connections.get((preferred + step) % count));
        let free = connections.filter_map(|connection| connection.try_lock().ok()).next();
        let wait = || {
            let connection = self.connections.get(preferred % count)?;
            // A panic leaves no transaction open: statements and snapshots end on drop.
            Some(connection.lock().unwrap_or_else(PoisonError::into_inner))
        };
        let connection = free.or_else(wait).ok_or(StoreError::Unavailable(None))?;
        Ok(Reader { connection, statements: &self.statements })
    }
}

/// A number for the calling thread. Numbers are consecutive, so that threads spread over the
/// connections.
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: Cell<Option<usize>> = const { Cell::new(None) };
    }
    NUMBER.with(|cell| {
        cell.get().unwrap_or_else(|| {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            cell.set(Some(number));
            number
        })
    })
}

impl Reader<'_> {
    /// The current version of an account. Every session check reads it.
    pub(super) fn version(&self, id: &UserId) -> Result<Option<Version>, StoreError> {
        self.row(&self.statements.version, [id.as_str()], |row| Ok(version_from_sql(row.get(0)?)))
    }

    /// The account that holds a key other than an id, and its version.
    pub(super) fn holder(&self, key: &str) -> Result<Option<(UserId, Version)>, StoreError> {
        let holder = self.row(&self.statements.holder, [key], |row| {
            Ok((row.get_ref(0)?.as_str()?.parse().ok(), version_from_sql(row.get(1)?)))
        })?;
        holder.map(|(id, version)| Ok((id.ok_or(StoreError::Corrupt)?, version))).transpose()
    }

    pub(super) fn account(&self, id: &UserId, parts: Parts) -> Result<Option<AccountRow>, StoreError> {
        let sql = match parts {
            Parts::Body => &self.statements.body_by_id,
            Parts::Whole => &self.statements.whole_by_id,
        };
        self.row(sql, [id.as_str()], |row| AccountRow::from_row(row, parts))
    }

    pub(super) fn account_by_key(&self, key: &str, parts: Parts) -> Result<Option<AccountRow>, StoreError> {
        let sql = match parts {
            Parts::Body => &self.statements.body_by_key,
            Parts::Whole => &self.statements.whole_by_key,
        };
        self.row(sql, [key], |row| AccountRow::from_row(row, parts))
    }

    pub(super) fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Listed>, StoreError> {
        let Statements { list_after, list_due, .. } = self.statements;
        let found = match which {
            Select::After(after) => self.rows(list_after, (after.map_or("", UserId::as_str), limit), listed),
            Select::DueBy(instant) => self.rows(list_due, (instant.as_millis(), limit), listed),
        }?;
        found.into_iter().collect()
    }

    pub(super) fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        let Statements { count_events, events, .. } = self.statements;
        // A snapshot, so that the total matches the page.
        let snapshot = self.connection.unchecked_transaction().map_err(store_error)?;
        let total: i64 = self.row(count_events, [user.as_str()], |row| row.get(0))?.unwrap_or_default();
        let limit = i64::try_from(page.limit()).unwrap_or(i64::MAX);
        let offset = i64::try_from(page.offset()).unwrap_or(i64::MAX);
        let texts: Vec<String> = self.rows(events, (user.as_str(), limit, offset), |row| row.get(0))?;
        drop(snapshot);
        let events = texts.iter().map(|text| Event::from_json(text)).collect::<Result<_, _>>()?;
        Ok(EventPage { events, total: u64::try_from(total).unwrap_or_default() })
    }

    fn row<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        self.statement(sql)?.query_row(params, read).optional().map_err(store_error)
    }

    fn rows<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.statement(sql)?;
        let rows = statement.query_map(params, read).map_err(store_error)?;
        rows.collect::<Result<_, _>>().map_err(store_error)
    }

    fn statement(&self, sql: &str) -> Result<CachedStatement<'_>, StoreError> {
        self.connection.prepare_cached(sql).map_err(store_error)
    }
}

/// Reads a row of a list, whose third column is the account's id.
fn listed(row: &Row<'_>) -> rusqlite::Result<Result<Listed, StoreError>> {
    let found = AccountRow::from_row(row, Parts::Body).map_err(store_error).and_then(|row| row.decode());
    let id = row.get_ref(2)?.as_str()?.parse().map_err(|_| StoreError::Corrupt);
    Ok(id.map(|id| Listed { id, found }))
}

impl AccountRow {
    fn from_row(row: &Row<'_>, parts: Parts) -> rusqlite::Result<Self> {
        let attachment = if parts == Parts::Whole { Some(row.get(2)?) } else { None };
        Ok(Self { version: version_from_sql(row.get(0)?), body: row.get(1)?, attachment })
    }

    pub(super) fn decode(&self) -> Result<Stored, StoreError> {
        let body = self.body.as_deref().ok_or(StoreError::Corrupt)?;
        Stored::decode(self.version, body, self.attachment.as_ref().map(Option::as_deref))
    }
}
