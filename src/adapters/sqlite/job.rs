//! The writer's jobs: changes in owned form, each applied completely or not at all.

use std::sync::Arc;

use rusqlite::{Connection, Params};

use super::{error::store_error, statements::Statements};
use crate::{
    adapters::rows::{EventRow, check_size, event_rows, version_to_sql},
    model::{Account, Event, Key, Timestamp},
    ports::{Change, SaveError, StoreError, Stored, Version},
};

pub(super) enum Job {
    Save(Box<Save>),
    Remove { account: Stored },
    AppendEvents(Vec<EventRow>),
    DeleteEvents { before: Timestamp, limit: u32 },
}

pub(super) struct Save {
    expected: Option<Version>,
    after: Arc<Account>,
    next: Version,
    body: String,
    attachment: Option<String>,
    claims: Vec<Key>,
    releases: Vec<Key>,
    events: Vec<EventRow>,
}

impl Job {
    pub(super) fn save(change: &Change<'_>) -> Result<Self, StoreError> {
        let (body, attachment) = (change.body()?, change.attachment()?);
        check_size(&body)?;
        attachment.as_deref().map_or(Ok(()), check_size)?;
        Ok(Self::Save(Box::new(Save {
            expected: change.before().map(|stored| stored.version),
            after: change.after().clone(),
            next: change.next(),
            body,
            attachment,
            claims: change.claims(),
            releases: change.releases(),
            events: event_rows(change.events())?,
        })))
    }

    pub(super) fn append_events(events: &[Event]) -> Result<Self, StoreError> {
        event_rows(events).map(Self::AppendEvents)
    }

    /// Applies the job within the writer's transaction and returns how many entries it concerned.
    /// After an error, the caller rolls back.
    pub(super) fn apply(&self, connection: &Connection, statements: &Statements) -> Result<u32, SaveError> {
        let sql = Sql { connection, statements };
        match self {
            Self::Save(save) => save.apply(&sql).map(|()| 1),
            Self::Remove { account } => remove(account, &sql).map(|()| 1),
            Self::AppendEvents(events) => Ok(append_events(events, &sql).map(|()| 1)?),
            Self::DeleteEvents { before, limit } => Ok(delete_events(*before, *limit, &sql)?),
        }
    }
}

impl Save {
    fn apply(&self, sql: &Sql<'_>) -> Result<(), SaveError> {
        self.put_row(sql)?;
        self.move_keys(sql)?;
        self.put_texts(sql)?;
        Ok(append_events(&self.events, sql)?)
    }

    /// Writes the row of the account first, because it decides whether the change may be made.
    fn put_row(&self, sql: &Sql<'_>) -> Result<(), SaveError> {
        let account = &*self.after;
        let row = rusqlite::params![
            account.id().as_str(),
            version_to_sql(self.next),
            account.email().map(|email| email.as_str()),
            account.phone().map(|phone| phone.as_str()),
            account.name().as_str(),
            if account.is_blocked() { "blocked" } else { "active" },
            account.is_email_verified(),
            account.is_phone_verified(),
            account.created_at().as_millis(),
            account.updated_at().as_millis(),
            account.accessed_at().as_millis(),
            account.due_at().map(Timestamp::as_millis),
            self.expected.map(version_to_sql),
        ];
        let Statements { create, change, .. } = sql.statements;
        let written = sql.run(if self.expected.is_some() { change } else { create }, row)?;
        match (written, self.expected) {
            (0, Some(_)) => Err(SaveError::Stale),
            (0, None) => Err(SaveError::Taken(Key::Id(*account.id()))),
            _ => Ok(()),
        }
    }

    fn move_keys(&self, sql: &Sql<'_>) -> Result<(), SaveError> {
        let id = self.after.id().as_str();
        for key in self.claims.iter().filter(|key| !matches!(key, Key::Id(_))) {
            if sql.run(&sql.statements.claim, (key.to_text(), id))? == 0 {
                return Err(SaveError::Taken(key.clone()));
            }
        }
        for key in &self.releases {
            sql.run(&sql.statements.release, (key.to_text(), id))?;
        }
        Ok(())
    }

    fn put_texts(&self, sql: &Sql<'_>) -> Result<(), StoreError> {
        let id = self.after.id().as_str();
        sql.run(&sql.statements.put_body, (id, &self.body))?;
        if let Some(attachment) = &self.attachment {
            sql.run(&sql.statements.put_attachment, (id, attachment))?;
        }
        Ok(())
    }
}

/// Removes an account. Foreign keys remove its body and attachment.
fn remove(account: &Stored, sql: &Sql<'_>) -> Result<(), SaveError> {
    let Statements { remove, release, remove_events, .. } = sql.statements;
    let id = account.account.id().as_str();
    if sql.run(remove, (id, version_to_sql(account.version)))? == 0 {
        return Err(SaveError::Stale);
    }
    for key in account.account.keys() {
        sql.run(release, (key.to_text(), id))?;
    }
    sql.run(remove_events, [id])?;
    Ok(())
}

fn append_events(events: &[EventRow], sql: &Sql<'_>) -> Result<(), StoreError> {
    for EventRow { account, id, at, text } in events {
        sql.run(&sql.statements.append_event, (account.as_str(), id, at.as_millis(), text))?;
    }
    Ok(())
}

fn delete_events(before: Timestamp, limit: u32, sql: &Sql<'_>) -> Result<u32, StoreError> {
    let deleted = sql.run(&sql.statements.delete_events, (before.as_millis(), limit))?;
    Ok(u32::try_from(deleted).unwrap_or(u32::MAX))
}

struct Sql<'a> {
    connection: &'a Connection,
    statements: &'a Statements,
}

impl Sql<'_> {
    /// Runs a statement and returns how many rows it changed.
    fn run(&self, sql: &str, params: impl Params) -> Result<usize, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(store_error)?;
        statement.execute(params).map_err(store_error)
    }
}
