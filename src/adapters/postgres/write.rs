//! A change in the form in which it travels.

use tokio_postgres::types::ToSql;

use crate::{
    adapters::rows::{Entry, bits, bounded, entries},
    model::{Email, Event, Key, Phone, Timestamp},
    ports::{Change, StoreError},
};

/// The values of a save.
pub(super) struct Write<'a> {
    id: &'a str,
    next: i64,
    email: Option<&'a str>,
    phone: Option<&'a str>,
    name: &'a str,
    status: &'static str,
    email_verified: bool,
    phone_verified: bool,
    times: [i64; 3],
    due_at: Option<i64>,
    expected: Option<i64>,
    body: String,
    attachment: Option<String>,
    claims: Vec<String>,
    releases: Vec<String>,
    log: Log,
}

/// Entries of the log, by column.
#[derive(Default)]
pub(super) struct Log {
    accounts: Vec<String>,
    ids: Vec<String>,
    times: Vec<i64>,
    texts: Vec<String>,
}

pub(super) type Parameter<'a> = &'a (dyn ToSql + Sync);

impl<'a> Write<'a> {
    pub(super) fn of(change: &'a Change<'_>) -> Result<Self, StoreError> {
        let (body, attachment) = (change.body()?, change.attachment()?);
        bounded(&body)?;
        attachment.as_deref().map_or(Ok(()), bounded)?;
        let account = &**change.after();
        Ok(Self {
            id: account.id().as_str(),
            next: bits(change.next()),
            email: account.email().map(Email::as_str),
            phone: account.phone().map(Phone::as_str),
            name: account.name().as_str(),
            status: if account.is_blocked() { "blocked" } else { "active" },
            email_verified: account.is_email_verified(),
            phone_verified: account.is_phone_verified(),
            times: [account.created_at(), account.updated_at(), account.accessed_at()]
                .map(Timestamp::as_millis),
            due_at: account.due_at().map(Timestamp::as_millis),
            expected: change.before().map(|stored| bits(stored.version)),
            body,
            attachment,
            // The id has a row of its own.
            claims: change
                .claims()
                .iter()
                .filter(|key| !matches!(key, Key::Id(_)))
                .map(Key::to_text)
                .collect(),
            releases: change.releases().iter().map(Key::to_text).collect(),
            log: Log::of(change.events())?,
        })
    }

    /// In the order of the statements that create and change.
    pub(super) fn parameters(&self) -> [Parameter<'_>; 21] {
        let [created_at, updated_at, accessed_at] = &self.times;
        let [accounts, ids, times, texts] = self.log.parameters();
        [
            &self.id,
            &self.next,
            &self.email,
            &self.phone,
            &self.name,
            &self.status,
            &self.email_verified,
            &self.phone_verified,
            created_at,
            updated_at,
            accessed_at,
            &self.due_at,
            &self.expected,
            &self.body,
            &self.attachment,
            &self.claims,
            &self.releases,
            accounts,
            ids,
            times,
            texts,
        ]
    }

    /// For the look at who holds what this wants.
    pub(super) fn wanted(&self) -> [Parameter<'_>; 2] {
        [&self.id, &self.claims]
    }
}

impl Log {
    pub(super) fn of(events: &[Event]) -> Result<Self, StoreError> {
        let mut log = Self::default();
        for Entry { account, id, at, text } in entries(events)? {
            log.accounts.push(account.as_str().to_owned());
            log.ids.push(id);
            log.times.push(at.as_millis());
            log.texts.push(text);
        }
        Ok(log)
    }

    pub(super) fn parameters(&self) -> [Parameter<'_>; 4] {
        [&self.accounts, &self.ids, &self.times, &self.texts]
    }
}
