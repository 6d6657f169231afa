//! What the writer is handed: changes in owned form, each to be made whole or not at all.

use rusqlite::{Connection, Params};

use super::store_error;
use crate::{
    adapters::rows::{Entry, bits, bounded, entries},
    model::{Account, Event, Key, Timestamp},
    ports::{Change, SaveError, StoreError, Stored, Version},
};

pub(super) enum Job {
    Save(Box<Save>),
    Remove { account: Stored },
    Append(Vec<Entry>),
    Forget { before: Timestamp, limit: u32 },
}

pub(super) struct Save {
    expected: Option<Version>,
    after: std::sync::Arc<Account>,
    next: Version,
    body: String,
    attachment: Option<String>,
    claims: Vec<Key>,
    releases: Vec<Key>,
    events: Vec<Entry>,
}

impl Job {
    pub(super) fn save(change: &Change<'_>) -> Result<Self, StoreError> {
        let (body, attachment) = (change.body()?, change.attachment()?);
        bounded(&body)?;
        attachment.as_deref().map_or(Ok(()), bounded)?;
        Ok(Self::Save(Box::new(Save {
            expected: change.before().map(|stored| stored.version),
            after: change.after().clone(),
            next: change.next(),
            body,
            attachment,
            claims: change.claims(),
            releases: change.releases(),
            events: entries(change.events())?,
        })))
    }

    pub(super) fn append(events: &[Event]) -> Result<Self, StoreError> {
        entries(events).map(Self::Append)
    }

    /// Does it, within a transaction of the writer's. After an error whatever it did so far must be rolled back.
    pub(super) fn apply(&self, connection: &Connection) -> Result<u32, SaveError> {
        let sql = Sql(connection);
        match self {
            Self::Save(save) => save.apply(&sql).map(|()| 1),
            Self::Remove { account } => remove(account, &sql).map(|()| 1),
            Self::Append(entries) => Ok(append(entries, &sql).map(|()| 1)?),
            Self::Forget { before, limit } => Ok(forget(*before, *limit, &sql)?),
        }
    }
}

impl Save {
    fn apply(&self, sql: &Sql<'_>) -> Result<(), SaveError> {
        let id = self.after.id();
        self.put_row(sql)?;
        for key in self.claims.iter().filter(|key| !matches!(key, Key::Id(_))) {
            let claim = "INSERT INTO account_keys (key, account) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            if sql.run(claim, (key.to_text(), id.as_str()))? == 0 {
                return Err(SaveError::Taken(key.clone()));
            }
        }
        for key in &self.releases {
            let release = "DELETE FROM account_keys WHERE key=?1 AND account=?2";
            sql.run(release, (key.to_text(), id.as_str()))?;
        }
        sql.run(
            "INSERT INTO account_bodies (id, body) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET body=excluded.body",
            (id.as_str(), &self.body),
        )?;
        if let Some(attachment) = &self.attachment {
            sql.run(
                "INSERT INTO account_attachments (id, attachment) VALUES (?1, ?2) \
                 ON CONFLICT (id) DO UPDATE SET attachment=excluded.attachment",
                (id.as_str(), attachment),
            )?;
        }
        Ok(append(&self.events, sql)?)
    }

    /// The row that is written first, because it tells whether the change may be made at all.
    fn put_row(&self, sql: &Sql<'_>) -> Result<(), SaveError> {
        const UPDATE: &str = "UPDATE accounts SET version=?2, email=?3, phone=?4, name=?5, status=?6, \
            email_verified=?7, phone_verified=?8, created_at=?9, updated_at=?10, accessed_at=?11, due_at=?12 \
            WHERE id=?1 AND version=?13";
        // The condition holds; it is there so that both statements take the same values.
        const INSERT: &str = "INSERT INTO accounts (id, version, email, phone, name, status, email_verified, \
            phone_verified, created_at, updated_at, accessed_at, due_at) \
            SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 WHERE ?13 IS NULL ON CONFLICT DO NOTHING";
        let account = &*self.after;
        let row = rusqlite::params![
            account.id().as_str(),
            bits(self.next),
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
            self.expected.map(bits),
        ];
        let written = sql.run(if self.expected.is_some() { UPDATE } else { INSERT }, row)?;
        match (written, self.expected) {
            (0, Some(_)) => Err(SaveError::Stale),
            (0, None) => Err(SaveError::Taken(Key::Id(*account.id()))),
            _ => Ok(()),
        }
    }
}

/// The foreign keys take body and attachment along.
fn remove(account: &Stored, sql: &Sql<'_>) -> Result<(), SaveError> {
    let id = account.account.id().as_str();
    if sql.run("DELETE FROM accounts WHERE id=?1 AND version=?2", (id, bits(account.version)))? == 0 {
        return Err(SaveError::Stale);
    }
    for key in account.account.keys() {
        sql.run("DELETE FROM account_keys WHERE key=?1 AND account=?2", (key.to_text(), id))?;
    }
    sql.run("DELETE FROM account_events WHERE account=?1", [id])?;
    Ok(())
}

/// Ids of entries are unique, so one that is there already is the same entry.
fn append(entries: &[Entry], sql: &Sql<'_>) -> Result<(), StoreError> {
    for Entry { account, id, at, text } in entries {
        sql.run(
            "INSERT INTO account_events (account, id, at, event) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            (account.as_str(), id, at.as_millis(), text),
        )?;
    }
    Ok(())
}

fn forget(before: Timestamp, limit: u32, sql: &Sql<'_>) -> Result<u32, StoreError> {
    let forgotten = sql.run(
        "DELETE FROM account_events WHERE (account, id) IN \
         (SELECT account, id FROM account_events WHERE at<?1 ORDER BY at LIMIT ?2)",
        (before.as_millis(), limit),
    )?;
    Ok(u32::try_from(forgotten).unwrap_or(u32::MAX))
}

struct Sql<'a>(&'a Connection);

impl Sql<'_> {
    /// How many rows it changed.
    fn run(&self, sql: &str, params: impl Params) -> Result<usize, StoreError> {
        let mut statement = self.0.prepare_cached(sql).map_err(store_error)?;
        statement.execute(params).map_err(store_error)
    }
}
