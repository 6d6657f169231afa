//! Reading, on the thread that asks: a local read takes microseconds, less than handing it over would.

use std::{
    cell::Cell,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Params, Row};

use super::store_error;
use crate::{
    adapters::rows::version_of,
    model::{Event, EventPage, PageQuery, UserId},
    ports::{Listed, Parts, Select, StoreError, Stored, Version},
};

/// Connections to read by. Each statement is a snapshot of its own that holds every commit before it; a writer never makes it wait.
pub(super) struct Readers {
    connections: Box<[Mutex<Connection>]>,
}

pub(super) struct Reader<'a>(MutexGuard<'a, Connection>);

/// A value as it lies in the file. It is decoded after its connection was given back.
pub(super) struct Raw {
    version: Version,
    body: Option<String>,
    attachment: Option<Option<String>>,
}

impl Readers {
    pub(super) fn new(connections: Vec<Connection>) -> Self {
        Self { connections: connections.into_iter().map(Mutex::new).collect() }
    }

    /// A free connection, preferably the one that this thread used last, whose cache is warm. If all are in use it waits for that one.
    pub(super) fn reader(&self) -> Result<Reader<'_>, StoreError> {
        let seat = seat();
        let count = self.connections.len().max(1);
        let connections = (0..count).filter_map(|step| self.connections.get((seat + step) % count));
        let free = connections.filter_map(|connection| connection.try_lock().ok()).next();
        // A thread that panicked left no transaction open: statements and snapshots end when they are dropped.
        let wait =
            || Some(self.connections.get(seat % count)?.lock().unwrap_or_else(PoisonError::into_inner));
        free.or_else(wait).map(Reader).ok_or(StoreError::Unavailable(None))
    }
}

/// Threads take their seats in turn, so that few share one.
fn seat() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static SEAT: Cell<Option<usize>> = const { Cell::new(None) };
    }
    SEAT.with(|seat| match seat.get() {
        Some(number) => number,
        None => {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            seat.set(Some(number));
            number
        }
    })
}

impl Reader<'_> {
    /// The version of the account's present state: the read that every session check does.
    pub(super) fn version(&self, id: &UserId) -> Result<Option<Version>, StoreError> {
        self.row("SELECT version FROM accounts WHERE id=?1", [id.as_str()], |row| Ok(version_of(row.get(0)?)))
    }

    /// Who holds a key other than an id, and the version of that account.
    pub(super) fn holder(&self, key: &str) -> Result<Option<(UserId, Version)>, StoreError> {
        let holder = self.row(
            "SELECT a.id, a.version FROM account_keys k JOIN accounts a ON a.id=k.account WHERE k.key=?1",
            [key],
            |row| Ok((row.get_ref(0)?.as_str()?.parse().ok(), version_of(row.get(1)?))),
        )?;
        holder.map(|(id, version)| Ok((id.ok_or(StoreError::Corrupt)?, version))).transpose()
    }

    pub(super) fn account(&self, id: &UserId, parts: Parts) -> Result<Option<Raw>, StoreError> {
        let sql = match parts {
            Parts::Body => {
                "SELECT a.version, b.body FROM accounts a LEFT JOIN account_bodies b ON b.id=a.id WHERE a.id=?1"
            }
            Parts::Whole => {
                "SELECT a.version, b.body, t.attachment FROM accounts a LEFT JOIN account_bodies b ON b.id=a.id \
                 LEFT JOIN account_attachments t ON t.id=a.id WHERE a.id=?1"
            }
        };
        self.row(sql, [id.as_str()], |row| Raw::from_row(row, parts))
    }

    pub(super) fn account_by_key(&self, key: &str, parts: Parts) -> Result<Option<Raw>, StoreError> {
        let sql = match parts {
            Parts::Body => {
                "SELECT a.version, b.body FROM account_keys k JOIN accounts a ON a.id=k.account \
                 LEFT JOIN account_bodies b ON b.id=a.id WHERE k.key=?1"
            }
            Parts::Whole => {
                "SELECT a.version, b.body, t.attachment FROM account_keys k JOIN accounts a ON a.id=k.account \
                 LEFT JOIN account_bodies b ON b.id=a.id LEFT JOIN account_attachments t ON t.id=a.id WHERE k.key=?1"
            }
        };
        self.row(sql, [key], |row| Raw::from_row(row, parts))
    }

    pub(super) fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Listed>, StoreError> {
        let listed = |row: &Row<'_>| {
            let found = Raw::from_row(row, Parts::Body).map_err(store_error).and_then(|raw| raw.decode());
            let id = row.get_ref(2)?.as_str()?.parse().map_err(|_| StoreError::Corrupt);
            Ok(id.map(|id| Listed { id, found }))
        };
        let found = match which {
            Select::After(after) => self.rows(
                "SELECT a.version, b.body, a.id FROM accounts a LEFT JOIN account_bodies b ON b.id=a.id \
                 WHERE a.id>?1 ORDER BY a.id LIMIT ?2",
                (after.map_or("", UserId::as_str), limit),
                listed,
            ),
            Select::DueBy(instant) => self.rows(
                "SELECT a.version, b.body, a.id FROM accounts a LEFT JOIN account_bodies b ON b.id=a.id \
                 WHERE a.due_at<=?1 ORDER BY a.due_at, a.id LIMIT ?2",
                (instant.as_millis(), limit),
                listed,
            ),
        }?;
        found.into_iter().collect()
    }

    pub(super) fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        // One snapshot, so that the total fits the page.
        let snapshot = self.0.unchecked_transaction().map_err(store_error)?;
        let total: i64 = self
            .row("SELECT count(*) FROM account_events WHERE account=?1", [user.as_str()], |row| row.get(0))?
            .unwrap_or_default();
        let limit = i64::try_from(page.limit()).unwrap_or(i64::MAX);
        let offset = i64::try_from(page.offset()).unwrap_or(i64::MAX);
        let texts: Vec<String> = self.rows(
            "SELECT event FROM account_events WHERE account=?1 ORDER BY id DESC LIMIT ?2 OFFSET ?3",
            (user.as_str(), limit, offset),
            |row| row.get(0),
        )?;
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
        self.0.prepare_cached(sql).map_err(store_error)
    }
}

impl Raw {
    fn from_row(row: &Row<'_>, parts: Parts) -> rusqlite::Result<Self> {
        let attachment = if parts == Parts::Whole { Some(row.get(2)?) } else { None };
        Ok(Self { version: version_of(row.get(0)?), body: row.get(1)?, attachment })
    }

    pub(super) fn decode(&self) -> Result<Stored, StoreError> {
        let body = self.body.as_deref().ok_or(StoreError::Corrupt)?;
        Stored::decode(self.version, body, self.attachment.as_ref().map(Option::as_deref))
    }
}
